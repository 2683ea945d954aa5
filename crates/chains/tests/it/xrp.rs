use quorate_chains::{Chain, address, import};

use crate::support::{NETWORK, built, signed, transfer};

#[test]
fn a_payment_is_built_signed_and_verified() {
    let (signer, signed) = signed(Chain::Xrp, &transfer(Chain::Xrp));
    assert_eq!(signed.encoded(), hex::encode_upper(signed.bytes()));
    assert_eq!(signed.txid().len(), 64);
    let own = address(Chain::Xrp, NETWORK, &signer.public_key()).unwrap();
    assert_eq!(own.as_str(), "rayHpNrp4YwnFgrdhBBfAtXX8BTZ3LA1fL");
}

#[test]
fn a_payment_of_another_wallet_is_imported_as_bytes_and_as_hexadecimal() {
    let (_, unsigned) = built(Chain::Xrp, &transfer(Chain::Xrp));
    for file in [unsigned.bytes.clone(), format!(" {}\n", hex::encode_upper(&unsigned.bytes)).into_bytes()] {
        assert_eq!(import(Chain::Xrp, NETWORK, &file), Ok(unsigned.clone()));
    }
}
