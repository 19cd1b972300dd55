"""Signatures of pushes: literal ones made by openssl, and every way they are refused."""

from __future__ import annotations

import pytest

from listening.signing import SignatureError, digest_over, read_signature, signed

SECRET = "2f1c7a90b3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e"
AT = 1788264000
BODY = "id,author,date,text\n1,@ann,2026-09-01,jetblue ✈️\n".encode()
DIGEST = "f00f3f9b950b07d2620d9257afc453bb81463a1fa284389f03147e251dd07c2e"
EMPTY = "ef1b06056da583425ea31d39f75b3a153ae3b6241b3534eee331e7359b4e035f"


@pytest.mark.parametrize(("body", "digest"), [(BODY, DIGEST), (b"", EMPTY)])
def test_what_openssl_makes_of_it(body: bytes, digest: str) -> None:
    assert signed(SECRET, AT, body) == f"t={AT},v1={digest}"


def test_a_body_may_come_in_pieces() -> None:
    digest = digest_over(SECRET, AT)
    for place in range(0, len(BODY), 7):
        digest.update(BODY[place : place + 7])
    assert digest.hexdigest() == DIGEST


@pytest.mark.parametrize(
    "header",
    [
        f"t={AT},v1={DIGEST}",
        f"v1={DIGEST.upper()}, t={AT}",
        f"t={AT},v1={'0' * 64},v1={DIGEST},v0=abc",
    ],
)
def test_a_signature_that_fits(header: str) -> None:
    assert read_signature(header, AT + 300).fits(DIGEST)
    assert not read_signature(header, AT - 300).fits(EMPTY)


@pytest.mark.parametrize(
    ("header", "now", "told"),
    [
        (None, AT, "is not signed"),
        ("", AT, "names no time"),
        (DIGEST, AT, "names no time"),
        (f"v1={DIGEST}", AT, "names no time"),
        (f"t={AT},t={AT},v1={DIGEST}", AT, "names no time"),
        (f"t=0{AT},v1={DIGEST}", AT, "names no time"),
        (f"t=-{AT},v1={DIGEST}", AT, "names no time"),
        (f"t={AT}.0,v1={DIGEST}", AT, "names no time"),
        (f"t=١٧٨٨٢٦٤٠٠٠,v1={DIGEST}", AT, "names no time"),
        (f"t={'9' * 400},v1={DIGEST}", AT, "names no time"),
        (f"t={AT}", AT, "no digest of 64"),
        (f"t={AT},v1=", AT, "no digest of 64"),
        (f"t={AT},v1={DIGEST[1:]}", AT, "no digest of 64"),
        (f"t={AT},v1={DIGEST}0", AT, "no digest of 64"),
        (f"t={AT},v1={'g' * 64}", AT, "no digest of 64"),
        (f"t={AT},v1={'é' * 64}", AT, "no digest of 64"),
        (f"t={AT},v2={DIGEST}", AT, "no digest of 64"),
        (f"t={AT}," + f"v1={DIGEST}," * 1000, AT, "no digest of 64"),
        (f"t={AT},v1={DIGEST}", AT + 301, "is 301 s old, and 300 s are allowed"),
        (f"t={AT},v1={DIGEST}", AT - 301, "is of a time 301 s ahead"),
    ],
)
def test_a_signature_that_is_refused(header: str | None, now: float, told: str) -> None:
    with pytest.raises(SignatureError, match=told):
        read_signature(header, now)
