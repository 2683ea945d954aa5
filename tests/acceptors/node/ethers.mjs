// What ethers makes of the same wishes: node ethers.mjs FILE
//
// FILE holds a list of wishes as JSON: `{key, transaction}`, perhaps with `token: {to, amount}`; `{key, text}`; or
// `{key, typed}`, the text of typed data. The answers are printed in the same order: what is hashed, the hash, what is
// signed, its name, and the account that ethers recovers from the signature.

import { readFileSync } from 'node:fs';

import {
  Interface, SigningKey, Transaction, TypedDataEncoder, Wallet, hashMessage, verifyMessage, verifyTypedData,
} from 'ethers';

const erc20 = new Interface(['function transfer(address to, uint256 amount)']);
const wishes = JSON.parse(readFileSync(process.argv[2], 'utf8'));
process.stdout.write(JSON.stringify(wishes.map(answer)));

function answer(wish) {
  if (wish.transaction) {
    return transaction(wish);
  }
  return wish.typed === undefined ? message(wish) : typed(wish);
}

function transaction({ key, transaction, token }) {
  const data = token ? erc20.encodeFunctionData('transfer', [token.to, token.amount]) : '0x';
  const made = Transaction.from({ ...transaction, data });
  const { unsignedSerialized: unsigned, unsignedHash: digest } = made;
  made.signature = new SigningKey(key).sign(digest);
  return { unsigned, digest, signed: made.serialized, name: made.hash, from: made.from };
}

function message({ key, text }) {
  const digest = hashMessage(text);
  const signed = new Wallet(key).signMessageSync(text);
  return { digest, signed, name: digest, from: verifyMessage(text, signed) };
}

function typed({ key, typed }) {
  const { types: { EIP712Domain, ...types }, primaryType, domain, message } = JSON.parse(typed);
  const encoder = TypedDataEncoder.from(types);
  if (encoder.primaryType !== primaryType) {
    throw new Error(`${encoder.primaryType} is not ${primaryType}`);
  }
  const digest = TypedDataEncoder.hash(domain, types, message);
  const signed = new SigningKey(key).sign(digest).serialized;
  return { digest, signed, name: digest, from: verifyTypedData(domain, types, message, signed) };
}
