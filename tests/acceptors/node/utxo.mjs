// bitcoinjs-lib makes and signs the payments that lines of standard input describe: P2WPKH on Bitcoin, P2PKH on Dogecoin.
//
// A wish (`build`) is a payment from a list of outputs; its inputs are chosen and ordered here by the documented rules. A
// transaction (`make`) is given whole. The answer holds the PSBT before and after signing, the digests, and the
// transaction.

import * as ecc from '@bitcoinerlab/secp256k1';
import * as bitcoin from 'bitcoinjs-lib';
import { ECPairFactory } from 'ecpair';

import { answerLines } from './lines.mjs';

bitcoin.initEccLib(ecc);
const ECPair = ECPairFactory(ecc);

const doge = (pubKeyHash, scriptHash, wif) => ({
  messagePrefix: '', bech32: '', bip32: { public: 0, private: 0 }, pubKeyHash, scriptHash, wif,
});
const NETWORKS = {
  'bitcoin-segwit': {
    mainnet: bitcoin.networks.bitcoin, testnet: bitcoin.networks.testnet, regtest: bitcoin.networks.regtest,
  },
  dogecoin: { mainnet: doge(0x1e, 0x16, 0x9e), testnet: doge(0x71, 0xc4, 0xf1), regtest: doge(0x6f, 0xc4, 0xef) },
};
const ALL = bitcoin.Transaction.SIGHASH_ALL;

const hex = (bytes) => Buffer.from(bytes).toString('hex');
const unhex = (text) => Uint8Array.from(Buffer.from(text, 'hex'));

await answerLines(({ chain, network, secret, build, make }) => {
  const isSegwit = chain === 'bitcoin-segwit';
  const rules = NETWORKS[chain][network];
  const pair = ECPair.fromPrivateKey(unhex(secret), { network: rules });
  const own = (isSegwit ? bitcoin.payments.p2wpkh : bitcoin.payments.p2pkh)({ pubkey: pair.publicKey, network: rules });
  const plan = make ?? choose(build, own.output, isSegwit, rules);
  const psbt = new bitcoin.Psbt({ network: rules, maximumFeeRate: 1e9 });
  psbt.setVersion(plan.version);
  psbt.setLocktime(plan.lockTime);
  for (const { txid, vout, sequence, value, transaction } of plan.inputs) {
    const witness = isSegwit ? { witnessUtxo: { script: own.output, value: BigInt(value) } } : {};
    psbt.addInput({ hash: txid, index: vout, sequence, nonWitnessUtxo: unhex(transaction), ...witness });
  }
  plan.outputs.forEach(({ script, value }) => psbt.addOutput({ script: unhex(script), value: BigInt(value) }));
  const unsigned = hex(psbt.toBuffer());
  const transaction = bitcoin.Transaction.fromBuffer(psbt.data.getTransaction());
  const scriptCode = bitcoin.payments.p2pkh({ pubkey: pair.publicKey }).output;
  const digests = plan.inputs.map(({ value }, index) => hex(isSegwit
    ? transaction.hashForWitnessV0(index, scriptCode, BigInt(value), ALL)
    : transaction.hashForSignature(index, own.output, ALL)));
  psbt.signAllInputs(pair);
  psbt.finalizeAllInputs();
  const signed = psbt.extractTransaction(true);
  return {
    address: own.address, unsigned, digests, signed: hex(psbt.toBuffer()), raw: signed.toHex(), txid: signed.getId(),
  };
});

/** The largest outputs first, change if it is worth an output, everything ordered as BIP-69 says. */
function choose({ utxos, to, amount, fee, memo }, own, isSegwit, rules) {
  const inside = (utxo) => unhex(utxo.txid).reverse();
  const largest = [...utxos].sort((a, b) => b.value - a.value || Buffer.compare(inside(a), inside(b)) || a.vout - b.vout);
  const needed = BigInt(amount) + BigInt(fee);
  const minChange = isSegwit ? 330n : 1_000_000n;
  const outputs = [{ script: hex(bitcoin.address.toOutputScript(to, rules)), value: BigInt(amount) }];
  if (memo !== undefined) {
    outputs.push({ script: hex(bitcoin.payments.embed({ data: [Buffer.from(memo)] }).output), value: 0n });
  }
  const inputs = [];
  let sum = 0n;
  while (sum < needed && inputs.length < largest.length) {
    const utxo = largest[inputs.length];
    inputs.push({ ...utxo, sequence: isSegwit ? 0xfffffffd : 0xffffffff });
    sum += BigInt(utxo.value);
  }
  if (sum - needed >= minChange) {
    outputs.push({ script: hex(own), value: sum - needed });
  }
  inputs.sort((a, b) => Buffer.compare(unhex(a.txid), unhex(b.txid)) || a.vout - b.vout);
  const byValue = (a, b) => (a.value < b.value ? -1 : Number(a.value > b.value));
  outputs.sort((a, b) => byValue(a, b) || Buffer.compare(unhex(a.script), unhex(b.script)));
  return { version: isSegwit ? 2 : 1, lockTime: 0, inputs, outputs };
}
