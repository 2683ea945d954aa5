// xrpl writes and signs the payments that lines of standard input describe, and judges what was signed.

import assert from 'node:assert/strict';

import { createHash } from 'node:crypto';

import * as xrpl from 'xrpl';

import { answerLines, flipped } from './lines.mjs';

refusesWhatIsBad();
await answerLines(({ secret, key, payment, ours }) => {
  const wallet = new xrpl.Wallet(key, `00${secret.toUpperCase()}`);
  const transaction = {
    TransactionType: 'Payment', Flags: 0x80000000, Account: wallet.classicAddress, SigningPubKey: key, ...payment,
  };
  const signed = wallet.sign(transaction);
  judge(ours, ours.endsWith('0') ? 8 : 0);
  return {
    address: wallet.classicAddress,
    unsigned: xrpl.encode(transaction),
    digest: half(Buffer.from(xrpl.encodeForSigning(transaction), 'hex')),
    encoded: signed.tx_blob,
    txid: signed.hash,
  };
});

/** A payment of the library's own verifies, and with another amount, a flipped byte or the other s it does not. */
function refusesWhatIsBad() {
  const wallet = xrpl.Wallet.generate('ecdsa-secp256k1');
  const { tx_blob: blob } = wallet.sign({
    TransactionType: 'Payment', Account: wallet.classicAddress, Destination: 'rPT1Sjq2YGrBMTttX4GZHjKu9dyfzbpAYe',
    Amount: '5', Fee: '12', Sequence: 1, LastLedgerSequence: 9,
  });
  assert(verifies(blob));
  assert(!verifies(xrpl.encode({ ...xrpl.decode(blob), Amount: '6' })));
  judge(blob, 50);
}

/** The transaction verifies and reads back to itself; with a byte flipped it does not, wherever the byte is. */
function judge(blob, flips = 1) {
  assert(verifies(blob), 'refused');
  assert.equal(xrpl.encode(xrpl.decode(blob)), blob);
  const bytes = Buffer.from(blob, 'hex');
  for (let flip = 0; flip < flips; flip += 1) {
    const at = (bytes.at(-50 - flip) * 7 + flip * 31) % bytes.length;
    assert(!verifies(Buffer.from(flipped(bytes, at)).toString('hex').toUpperCase()), `accepted with byte ${at} flipped`);
  }
}

function verifies(blob) {
  try {
    return xrpl.verifySignature(blob);
  } catch {
    return false;
  }
}

function half(bytes) {
  return createHash('sha512').update(bytes).digest('hex').slice(0, 64);
}
