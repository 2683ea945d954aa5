// Ethereum's machine judges what a program signs: node anvil.mjs PROGRAM
//
// PROGRAM is run as `PROGRAM demo --json --context FILE`. First the node has to refuse what it must refuse; then it
// mines every Ethereum transaction of the program, from the account that the program names. A flipped byte makes
// another transaction of another sender, who has nothing: the sender is what is asserted. Words and typed data are
// judged by ethers.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { Transaction, Wallet, computeAddress, getAddress, recoverAddress } from 'ethers';

const CHAIN = 31337;
const FUNDS = 10n ** 20n;
const TOKEN = '0x7777777777777777777777777777777777777777';

// Writes its arguments to the log, as they came.
const ECHO = '0x365f5f37365fa000';

const program = process.argv[2];
assert(program, 'usage: node anvil.mjs PROGRAM');

let port;
const signed = signatures();
const transactions = signed.filter(({ encoded }) => encoded.length > 132);
const messages = signed.filter((one) => !transactions.includes(one));
const chainOf = ({ encoded }) => Number(Transaction.from(encoded).chainId);
const mined = [];
for (const chain of new Set([CHAIN, ...transactions.map(chainOf)])) {
  port = await freePort();
  const node = spawn(binary(), ['--silent', '--host', '127.0.0.1', '--port', String(port), '--chain-id', String(chain)]);
  const end = () => node.kill();
  process.on('exit', end);
  try {
    await until(() => rpc('eth_chainId'));
    if (chain === CHAIN) {
      await refusesWhatIsBad();
    }
    for (const one of transactions.filter((one) => chainOf(one) === chain)) {
      mined.push(await accepts(one));
    }
  } finally {
    end();
  }
}
messages.forEach(acceptsMessage);
if (basename(program).startsWith('stand-in')) {
  assert.deepEqual([mined.length, messages.length], [16, 8]);
  assert.deepEqual([...new Set(mined)].sort(), ['0x0', '0x1', '0x2']);
}
console.log(`${program}: Ethereum transactions mined: ${mined.length}, messages: ${messages.length}`);

/** A transaction of the library's own is mined; of another network, with a used nonce or without funds it is not. */
async function refusesWhatIsBad() {
  const wallet = new Wallet(`0x${'11'.repeat(32)}`);
  await rpc('anvil_setBalance', wallet.address, `0x${FUNDS.toString(16)}`);
  const fees = { maxFeePerGas: 20_000_000_000n, maxPriorityFeePerGas: 1n, type: 2 };
  const wish = { to: TOKEN, value: 1n, nonce: 0, gasLimit: 21000n, chainId: CHAIN, ...fees };
  const good = await wallet.signTransaction(wish);
  await refused(await wallet.signTransaction({ ...wish, chainId: 1 }), /chain id/);
  await refused(await new Wallet(`0x${'12'.repeat(32)}`).signTransaction(wish), /[Ii]nsufficient funds/);
  await refused(`${good.slice(0, -2)}`, /decode|invalid/i);
  const receipt = await mine(good);
  assert.equal(getAddress(receipt.from), wallet.address);
  await refused(good, /nonce too low/);
}

async function accepts({ address, public_key, encoded, txid, kind, unsigned }) {
  assert.equal(computeAddress(`0x${public_key}`), address, kind);
  const read = Transaction.from(encoded);
  assert.equal(read.from, address, kind);
  assert.equal(read.hash, txid, kind);
  assert.equal(read.unsignedSerialized, `0x${unsigned}`, kind);
  await rpc('anvil_setBalance', address, `0x${FUNDS.toString(16)}`);
  await rpc('anvil_setCode', TOKEN, ECHO);
  const before = BigInt(await rpc('eth_getBalance', read.to, 'latest'));
  await refusesFlipped(encoded, address, kind);
  const receipt = await mine(encoded);
  assert.equal(getAddress(receipt.from), address, kind);
  assert.equal(receipt.transactionHash, txid, kind);
  assert.equal(receipt.type, `0x${read.type}`, kind);
  assert.equal(BigInt(await rpc('eth_getBalance', read.to, 'latest')) - before, read.value, kind);
  const calls = receipt.logs.map(({ address: token, data }) => [token, data]);
  assert.deepEqual(calls, read.data === '0x' ? [] : [[TOKEN, read.data]], kind);
  await refused(encoded, /nonce too low/);
  return receipt.type;
}

/** With one bit of any byte flipped, the node refuses, and whoever it might think the sender is, it is another. */
async function refusesFlipped(encoded, address, kind) {
  const bytes = Buffer.from(encoded.slice(2), 'hex');
  let readable = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const bad = Buffer.from(bytes);
    bad[at] ^= 1;
    const text = `0x${bad.toString('hex')}`;
    const sender = senderOf(text);
    readable += sender === undefined ? 0 : 1;
    assert.notEqual(sender, address, `${kind}: byte ${at}`);
    await refused(text, /./);
  }
  assert(readable > bytes.length / 2, `only ${readable} of ${bytes.length} could be read at all`);
}

function senderOf(text) {
  try {
    return Transaction.from(text).from;
  } catch {
    return undefined;
  }
}

/** The name of a message is its hash; the signature is the account's, and with a flipped bit it is not. */
function acceptsMessage({ address, encoded, txid, kind }) {
  assert.equal(recoverAddress(txid, encoded), address, kind);
  const bytes = Buffer.from(encoded.slice(2), 'hex');
  for (let at = 0; at < bytes.length; at += 1) {
    const bad = Buffer.from(bytes);
    bad[at] ^= 1;
    let sender;
    try {
      sender = recoverAddress(txid, `0x${bad.toString('hex')}`);
    } catch {
      continue;
    }
    assert.notEqual(sender, address, `${kind}: byte ${at}`);
  }
}

/** Runs the program and returns what it signed on Ethereum. */
function signatures() {
  const folder = mkdtempSync(join(tmpdir(), 'quorate-acceptors-'));
  try {
    const file = join(folder, 'context.json');
    const hash = '11111111111111111111111111111111';
    const ethereum = { nonce: 0, gas_limit: 60000, fee: { dynamic: { max: '30', priority: '1.5' } } };
    const bitcoin = { utxos: [{ txid: '11'.repeat(32), vout: 0, value: 100_000_000 }], fee: { rate: '2' } };
    const near = { nonce: 1, block_hash: hash };
    writeFileSync(file, JSON.stringify({ solana: { recent_blockhash: hash }, near, bitcoin, ethereum }));
    const output = execFileSync(program, ['demo', '--json', '--context', file], { encoding: 'utf8' });
    return JSON.parse(output).chains.filter(({ chain }) => chain === 'ethereum');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function mine(encoded) {
  const hash = await rpc('eth_sendRawTransaction', encoded);
  const receipt = await until(() => rpc('eth_getTransactionReceipt', hash));
  assert.equal(receipt.status, '0x1');
  return receipt;
}

async function refused(encoded, reason) {
  await assert.rejects(() => rpc('eth_sendRawTransaction', encoded), reason);
}

async function rpc(method, ...params) {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`http://127.0.0.1:${port}`, { method: 'POST', headers, body });
  const { result, error } = await response.json();
  if (error) {
    throw new Error(error.message);
  }
  return result;
}

/** Asks again until there is an answer, for ten seconds at most. */
async function until(ask) {
  for (let left = 200; ; left -= 1) {
    const answer = await ask().catch((error) => {
      if (left === 0) {
        throw error;
      }
    });
    if (answer) {
      return answer;
    }
    assert(left > 0, 'no answer');
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = server.address();
      server.close(() => resolve(free));
    });
  });
}

/** The node's binary, which comes in a package of its own for each machine. */
function binary() {
  const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch];
  const name = `@foundry-rs/anvil-${process.platform}-${arch}`;
  return createRequire(import.meta.url).resolve(`${name}/bin/anvil`);
}
