// Solana's own runtime judges what a program signs: node accept.mjs PROGRAM
//
// PROGRAM is run as `PROGRAM demo --json --context FILE`. First the runtime has to refuse what it must refuse, so that
// a switched-off check shows; then it accepts every Solana transaction of the program, refuses it with any one byte
// flipped, and refuses it a second time. Words are judged by Solana's own client library.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import {
  appendTransactionMessageInstruction, compileTransaction, createTransactionMessage, generateKeyPairSigner,
  getAddressEncoder, getBase58Decoder, getBase58Encoder, getBase64Encoder, getCompiledTransactionMessageDecoder,
  getCompiledTransactionMessageEncoder, getOffchainMessageDecoder, getOffchainMessageEnvelopeDecoder,
  getTransactionDecoder, lamports, pipe, setTransactionMessageFeePayer, setTransactionMessageLifetimeUsingBlockhash,
  signTransaction, verifyOffchainMessageEnvelope,
} from '@solana/kit';
import { FailedTransactionMetadata, LiteSVM, TransactionMetadata } from 'litesvm';

const SYSTEM = '11111111111111111111111111111111';
const FUNDS = 10_000_000_000n;

const program = process.argv[2];
assert(program, 'usage: node accept.mjs PROGRAM');

const newRuntime = () => new LiteSVM().withSigverify(true).withBlockhashCheck(true).withTransactionHistory(1000n);

await refusesWhatIsBad();
const transfers = acceptsTransactions(program);
const messages = await acceptsMessages(program);
const nonces = basename(program).startsWith('stand-in') ? acceptsDurableNonce(program) : 0;
console.log(`${program}: Solana transactions accepted: ${transfers + nonces}, messages: ${messages}`);

/** A transaction of the library's own is accepted; with a flipped signature or an unknown block hash it is not. */
async function refusesWhatIsBad() {
  const runtime = newRuntime();
  const signer = await generateKeyPairSigner();
  runtime.airdrop(signer.address, lamports(FUNDS));
  const sign = async (blockhash) => {
    const data = new Uint8Array(12);
    new DataView(data.buffer).setUint32(0, 2, true);
    new DataView(data.buffer).setBigUint64(4, 1_000_000n, true);
    const accounts = [{ address: signer.address, role: 3 }, { address: 'SysvarRent111111111111111111111111111111112', role: 1 }];
    const message = pipe(
      createTransactionMessage({ version: 0 }),
      (m) => setTransactionMessageFeePayer(signer.address, m),
      (m) => setTransactionMessageLifetimeUsingBlockhash({ blockhash, lastValidBlockHeight: 1000n }, m),
      (m) => appendTransactionMessageInstruction({ programAddress: SYSTEM, accounts, data }, m),
    );
    return signTransaction([signer.keyPair], compileTransaction(message));
  };
  const good = await sign(runtime.latestBlockhash());
  const signature = Uint8Array.from(good.signatures[signer.address]);
  signature[40] ^= 1;
  const bad = { ...good, signatures: { [signer.address]: signature } };
  refused(runtime, bad, 'a flipped signature');
  refused(runtime, await sign(getBase58Decoder().decode(new Uint8Array(32).fill(9))), 'an unknown block hash');
  assert.equal(runtime.getBalance(signer.address), FUNDS);
  accepted(runtime, good);
}

function acceptsTransactions(path) {
  const runtime = newRuntime();
  const signatures = solana(path, { recent_blockhash: runtime.latestBlockhash() }, (kind) => kind !== 'message');
  assert(signatures.length > 0, 'no transaction');
  for (const address of new Set(signatures.map(({ address }) => address))) {
    runtime.airdrop(address, lamports(FUNDS));
  }
  for (const signature of signatures) {
    acceptsTransaction(runtime, signature);
  }
  return signatures.length;
}

function acceptsTransaction(runtime, { address, encoded, signed, txid, kind }) {
  const wire = Uint8Array.from(getBase64Encoder().encode(encoded));
  assert.equal(Buffer.from(wire).toString('hex'), signed);
  const message = compiledMessage(wire);
  assert.equal(message.staticAccounts[0], address);
  const paid = payment(message);
  const before = [runtime.getBalance(address), runtime.getBalance(paid.to) ?? 0n];
  const bad = Array.from(wire, (_, at) => flipped(wire, at));
  bad.forEach((transaction, at) => refused(runtime, transaction, `${kind}: byte ${at} flipped`));
  const read = bad.filter((transaction) => transaction).length;
  assert(read > wire.length - 20, `only ${read} of ${wire.length} could be read at all`);
  assert.deepEqual([runtime.getBalance(address), runtime.getBalance(paid.to) ?? 0n], before);
  const result = accepted(runtime, getTransactionDecoder().decode(wire));
  assert.equal(getBase58Decoder().decode(result.signature()), txid);
  assert.equal(runtime.getBalance(paid.to), before[1] + paid.lamports);
  const fee = before[0] - runtime.getBalance(address) - paid.lamports;
  assert(fee >= 5000n && fee < 6000n, `a fee of ${fee}`);
  refused(runtime, getTransactionDecoder().decode(wire), `${kind}: sent twice`);
}

/** The library reads the message and writes it back to the same bytes. */
function compiledMessage(wire) {
  const { messageBytes } = getTransactionDecoder().decode(wire);
  const message = getCompiledTransactionMessageDecoder().decode(messageBytes);
  assert.deepEqual(getCompiledTransactionMessageEncoder().encode(message), Uint8Array.from(messageBytes));
  return message;
}

/** The one transfer among a message's instructions. */
function payment(message) {
  const transfers = message.instructions.filter(({ programAddressIndex, data }) => {
    const isSystem = message.staticAccounts[programAddressIndex] === SYSTEM;
    return isSystem && Buffer.from(data).readUInt32LE(0) === 2;
  });
  assert.equal(transfers.length, 1);
  const [{ accountIndices, data }] = transfers;
  return { to: message.staticAccounts[accountIndices[1]], lamports: Buffer.from(data).readBigUInt64LE(4) };
}

async function acceptsMessages(path) {
  const context = { recent_blockhash: newRuntime().latestBlockhash() };
  const signatures = solana(path, context, (kind) => kind === 'message');
  for (const { address, signed, encoded } of signatures) {
    const bytes = Uint8Array.from(Buffer.from(signed, 'hex'));
    const envelope = getOffchainMessageEnvelopeDecoder().decode(bytes);
    await verifyOffchainMessageEnvelope(envelope);
    const message = getOffchainMessageDecoder().decode(envelope.content);
    assert.equal(message.version, 1);
    assert.deepEqual(message.requiredSignatories, [{ address }]);
    assert.deepEqual(Buffer.from(envelope.signatures[address]), Buffer.from(getBase58Encoder().encode(encoded)));
    for (let at = 0; at < bytes.length; at += 1) {
      const bad = bytes.slice();
      bad[at] ^= 1;
      await assert.rejects(async () => verifyOffchainMessageEnvelope(getOffchainMessageEnvelopeDecoder().decode(bad)));
    }
  }
  return signatures.length;
}

/** A transfer that waits for a nonce account instead of a block hash. Only a known account can own the nonce. */
function acceptsDurableNonce(path) {
  const runtime = newRuntime();
  const [{ address }] = solana(path, { recent_blockhash: runtime.latestBlockhash() }, (kind) => kind === 'transfer');
  runtime.airdrop(address, lamports(FUNDS));
  const nonceAccount = getBase58Decoder().decode(new Uint8Array(32).fill(77));
  const nonce = new Uint8Array(32).fill(33);
  const data = Buffer.alloc(80);
  data.writeUInt32LE(1, 0);
  data.writeUInt32LE(1, 4);
  data.set(getAddressEncoder().encode(address), 8);
  data.set(nonce, 40);
  data.writeBigUInt64LE(5000n, 72);
  runtime.setAccount({
    address: nonceAccount, data: Uint8Array.from(data), executable: false, lamports: lamports(10_000_000n),
    programAddress: SYSTEM, space: 80n,
  });
  const context = { recent_blockhash: getBase58Decoder().decode(nonce), nonce_account: nonceAccount };
  const signed = solana(path, context, (kind) => kind === 'transfer').find((one) => one.address === address);
  const wire = Uint8Array.from(getBase64Encoder().encode(signed.encoded));
  refused(runtime, flipped(wire, 70), 'durable nonce: a byte flipped');
  accepted(runtime, getTransactionDecoder().decode(wire));
  refused(runtime, getTransactionDecoder().decode(wire), 'durable nonce: used twice');
  return 1;
}

/** Runs the program and returns what it signed on Solana. */
function solana(path, context, wanted) {
  const folder = mkdtempSync(join(tmpdir(), 'quorate-acceptors-'));
  try {
    const file = join(folder, 'context.json');
    const utxo = { txid: '11'.repeat(32), vout: 0, value: 100_000_000 };
    const near = { nonce: 1, block_hash: SYSTEM };
    const bitcoin = { utxos: [utxo], fee: { rate: '2' } };
    writeFileSync(file, JSON.stringify({ solana: context, near, bitcoin }));
    const output = execFileSync(path, ['demo', '--json', '--context', file], { encoding: 'utf8' });
    return JSON.parse(output).chains.filter(({ chain, kind }) => chain === 'solana' && wanted(kind));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The transaction with one bit of one byte flipped; nothing if it cannot even be read, where the runtime would abort. */
function flipped(wire, at) {
  const bad = wire.slice();
  bad[at] ^= 1;
  try {
    const { version } = compiledMessage(bad);
    return version === 'legacy' || version === 0 ? getTransactionDecoder().decode(bad) : undefined;
  } catch {
    return undefined;
  }
}

function accepted(runtime, transaction) {
  const result = runtime.sendTransaction(transaction);
  if (result instanceof FailedTransactionMetadata) {
    assert.fail(`refused: ${result.toString()}`);
  }
  assert(result instanceof TransactionMetadata);
  return result;
}

function refused(runtime, transaction, what) {
  const result = transaction && runtime.sendTransaction(transaction);
  assert(!(result instanceof TransactionMetadata), `accepted: ${what}`);
}
