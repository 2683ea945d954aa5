// cosmjs writes and signs the payments and words that lines of standard input describe, and judges what was signed.

import assert from 'node:assert/strict';

import { makeSignDoc as makeAminoSignDoc, pubkeyToAddress, serializeSignDoc } from '@cosmjs/amino';
import { Secp256k1, Secp256k1Signature, keccak256, sha256 } from '@cosmjs/crypto';
import { toBech32 } from '@cosmjs/encoding';
import { Registry, makeAuthInfoBytes, makeSignBytes, makeSignDoc } from '@cosmjs/proto-signing';
import { AminoTypes, createBankAminoConverters, defaultRegistryTypes } from '@cosmjs/stargate';
import { PubKey } from 'cosmjs-types/cosmos/crypto/secp256k1/keys';
import { TxRaw } from 'cosmjs-types/cosmos/tx/v1beta1/tx';

import { answerLines, flipped } from './lines.mjs';

const DIRECT = 1;
const LEGACY_AMINO_JSON = 127;
const TYPES = {
  secp256k1: ['/cosmos.crypto.secp256k1.PubKey', 'tendermint/PubKeySecp256k1'],
  ethermint: ['/ethermint.crypto.v1.ethsecp256k1.PubKey', 'ethermint/PubKeyEthSecp256k1'],
  'cosmos-evm': ['/cosmos.evm.crypto.v1.ethsecp256k1.PubKey', 'os/PubKeyEthSecp256k1'],
  injective: ['/injective.crypto.v1beta1.ethsecp256k1.PubKey', 'injective/PubKeyEthSecp256k1'],
};
const hex = (bytes) => Buffer.from(bytes).toString('hex');
const base64 = (bytes) => Buffer.from(bytes).toString('base64');
const unhex = (text) => Uint8Array.from(Buffer.from(text, 'hex'));

const registry = new Registry(defaultRegistryTypes);
const aminoTypes = new AminoTypes(createBankAminoConverters());

await refusesWhatIsBad();
await answerLines(async ({ secret, keyType, prefix, words, payment, ours }) => {
  const pair = await Secp256k1.makeKeypair(unhex(secret));
  const key = Secp256k1.compressPubkey(pair.pubkey);
  const isEthereum = keyType !== 'secp256k1';
  const hash = isEthereum ? keccak256 : sha256;
  const address = isEthereum
    ? toBech32(prefix, keccak256(pair.pubkey.slice(1)).slice(-20))
    : pubkeyToAddress({ type: 'tendermint/PubKeySecp256k1', value: base64(key) }, prefix);
  const sign = async (bytes) => {
    const digest = hash(bytes);
    const signature = await Secp256k1.createSignature(digest, pair.privkey);
    return { digest: hex(digest), signature: Uint8Array.from([...signature.r(32), ...signature.s(32)]) };
  };
  if (words !== undefined) {
    const doc = serializeSignDoc(wordsDoc(words, address));
    const { digest, signature } = await sign(doc);
    const encoded = JSON.stringify({
      pub_key: { type: TYPES[keyType][1], value: base64(key) }, signature: base64(signature),
    });
    await judge(doc, JSON.parse(ours).signature, key, hash);
    return { address, unsigned: hex(doc), digest, encoded };
  }
  const { doc, body, authInfo } = payment.mode === 'direct'
    ? direct(payment, address, key, keyType)
    : amino(payment, address, key, keyType);
  const { digest, signature } = await sign(doc);
  const raw = TxRaw.encode(TxRaw.fromPartial({ bodyBytes: body, authInfoBytes: authInfo, signatures: [signature] })).finish();
  const read = TxRaw.decode(Uint8Array.from(Buffer.from(ours, 'base64')));
  assert.equal(hex(read.bodyBytes), hex(body));
  assert.equal(hex(read.authInfoBytes), hex(authInfo));
  assert.equal(read.signatures.length, 1);
  await judge(doc, base64(read.signatures[0]), key, hash);
  return {
    address, unsigned: hex(doc), digest, encoded: base64(raw), txid: hex(sha256(raw)).toUpperCase(),
  };
});

/** A signature of the library's own verifies, and with a flipped bit it does not. */
async function refusesWhatIsBad() {
  const pair = await Secp256k1.makeKeypair(new Uint8Array(32).fill(7));
  const signature = await Secp256k1.createSignature(sha256(Uint8Array.of(1)), pair.privkey);
  const bytes = Uint8Array.from([...signature.r(32), ...signature.s(32)]);
  assert(await verifies(Uint8Array.of(1), bytes, pair.pubkey, sha256));
  assert(!(await verifies(Uint8Array.of(1), flipped(bytes, 40), pair.pubkey, sha256)));
  assert(!(await verifies(Uint8Array.of(2), bytes, pair.pubkey, sha256)));
}

/** The signature verifies over the document; of every fourth one, it does not with a byte of either flipped. */
async function judge(doc, signature, key, hash) {
  const bytes = Uint8Array.from(Buffer.from(signature, 'base64'));
  assert(await verifies(doc, bytes, key, hash), 'refused');
  if (bytes[61] % 4 !== 0) {
    return;
  }
  assert(!(await verifies(flipped(doc, bytes[63] * 7), bytes, key, hash)), 'accepted with the document changed');
  assert(!(await verifies(doc, flipped(bytes, bytes[62]), key, hash)), 'accepted with the signature changed');
}

async function verifies(doc, bytes, key, hash) {
  try {
    return await Secp256k1.verifySignature(Secp256k1Signature.fromFixedLength(bytes), hash(doc), key);
  } catch {
    return false;
  }
}

function direct(payment, address, key, keyType) {
  const send = { typeUrl: '/cosmos.bank.v1beta1.MsgSend', value: { fromAddress: address, toAddress: payment.to, amount: payment.amount } };
  const body = bodyBytes(payment, send);
  const authInfo = authInfoBytes(payment, key, keyType, DIRECT);
  const doc = makeSignDoc(body, authInfo, payment.chainId, BigInt(payment.accountNumber));
  return { doc: makeSignBytes(doc), body, authInfo };
}

function amino(payment, address, key, keyType) {
  const send = { typeUrl: '/cosmos.bank.v1beta1.MsgSend', value: { fromAddress: address, toAddress: payment.to, amount: payment.amount } };
  const fee = { amount: payment.fee, gas: String(payment.gas) };
  const timeout = payment.timeoutHeight ? BigInt(payment.timeoutHeight) : undefined;
  const doc = makeAminoSignDoc(
    [aminoTypes.toAmino(send)], fee, payment.chainId, payment.memo, payment.accountNumber, payment.sequence, timeout,
  );
  return { doc: serializeSignDoc(doc), body: bodyBytes(payment, send), authInfo: authInfoBytes(payment, key, keyType, LEGACY_AMINO_JSON) };
}

function bodyBytes(payment, send) {
  const timeout = payment.timeoutHeight ? { timeoutHeight: BigInt(payment.timeoutHeight) } : {};
  return registry.encodeTxBody({ messages: [send], memo: payment.memo, ...timeout });
}

function authInfoBytes(payment, key, keyType, mode) {
  const pubkey = { typeUrl: TYPES[keyType][0], value: PubKey.encode(PubKey.fromPartial({ key })).finish() };
  const signer = { pubkey, sequence: BigInt(payment.sequence) };
  return makeAuthInfoBytes([signer], payment.fee, Number(payment.gas), undefined, undefined, mode);
}

function wordsDoc(words, signer) {
  const message = { type: 'sign/MsgSignData', value: { data: base64(Buffer.from(words)), signer } };
  return makeAminoSignDoc([message], { amount: [], gas: '0' }, '', '', 0, 0);
}
