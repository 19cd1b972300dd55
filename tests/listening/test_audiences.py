"""Audience files, byte by byte; the hashes are those that sha256sum prints."""

from __future__ import annotations

import pytest

from listening.audiences import (
    AudienceFormat,
    Contact,
    audience_lines,
    in_parts,
    normal_country,
    normal_email,
    normal_handle,
    normal_phone,
)

# printf '%s' TEXT | sha256sum
TEST_EMAIL = "973dfe463ec85785f5f95af5ba3906eedb2d931c24e69824a89ea65dba4e813b"  # test@example.com
JETFAN = "11db1b47cb69967ecdce59f9117c71e2d4f918625bbfec9b63bbe62e227f0a6a"
PLUS_PHONE = "f0bf0228144d9fe2bdf1da2d8ca698f17bf1410ee688b075c27062e47b6f0b6d"  # +442079460958
BARE_PHONE = "35e206e5dec4c89b9e8b71b8c32724a5bb518483ac5a20c6617d738375b3b823"  # 442079460958
ANNE = "9ab5e3bbcfaa6dcec4f2871573324f033775b46d42dc25f199ea4ae0af64b1ed"  # anne-marie
ANNEMARIE = "67495eb5715de43c26f7c18b25cc7f62a7540236516bd59d5162a6f743598083"  # annemarie
OHARA = "0c57eb3f12d589f269c996320d3f6f03b5d76213a1c0cf6af0059523041b8c05"  # o'hara
OHARA_META = "ec5048c09bb398bf13c44cc9c6c0625bf82742ea3758bca063a1701c88d73ab9"  # ohara
ZIP = "830e1d4b9838bab1f5c2acdb23e0b502ff13a9832c4632e8d67a1d43d3b7f614"  # sw1a1aa
GB = "0b407281768f0e833afef47ed464b6571d01ca4d53c12ce5c51d1462f4ad6677"  # gb

WHO = Contact(
    "twitter", "@JetFan", " Test@Example.com ", "+44 (20) 7946-0958", " Anne-Marie", "O'Hara ",
    "gb", "SW1A 1AA",
)  # fmt: skip


def test_x_is_a_hashed_handle_a_line_without_header() -> None:
    assert list(audience_lines([WHO], AudienceFormat.X)) == [JETFAN + "\n"]


def test_google_hashes_all_but_country_and_zip() -> None:
    assert list(audience_lines([WHO], AudienceFormat.GOOGLE)) == [
        "Email,Phone,First Name,Last Name,Country,Zip\n",
        f"{TEST_EMAIL},{PLUS_PHONE},{ANNE},{OHARA},GB,SW1A 1AA\n",
    ]


def test_meta_hashes_everything_and_takes_phones_without_the_plus() -> None:
    assert list(audience_lines([WHO], AudienceFormat.META)) == [
        "EMAIL,PHONE,FN,LN,ZIP,COUNTRY\n",
        f"{TEST_EMAIL},{BARE_PHONE},{ANNEMARIE},{OHARA_META},{ZIP},{GB}\n",
    ]


def test_what_is_unknown_is_empty_and_never_the_hash_of_nothing() -> None:
    lines = list(audience_lines([Contact("x", email="test@example.com")], AudienceFormat.META))
    assert lines[1] == f"{TEST_EMAIL},,,,,\n"


def test_who_cannot_be_found_by_anything_is_left_out() -> None:
    nobody = [
        Contact("mastodon", "fan"),
        Contact("twitter", None),
        Contact("twitter", "two words"),
        Contact("x", "a", email="not an address", phone="020 7946 0958"),
    ]
    assert [list(audience_lines(nobody[:3], f)) for f in AudienceFormat] == [
        [], ["Email,Phone,First Name,Last Name,Country,Zip\n"], ["EMAIL,PHONE,FN,LN,ZIP,COUNTRY\n"],
    ]  # fmt: skip
    assert len(list(audience_lines(nobody[3:], AudienceFormat.GOOGLE))) == 1


def test_each_person_once() -> None:
    assert len(list(audience_lines([WHO, WHO], AudienceFormat.X))) == 1


def test_a_zip_that_a_spreadsheet_would_run_is_guarded() -> None:
    bad = Contact("x", email="test@example.com", zip='=HYPERLINK("x")')
    assert list(audience_lines([bad], AudienceFormat.GOOGLE))[1].endswith(
        ',"\'=HYPERLINK(""x"")"\n'
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [("@Ann_1", "ann_1"), ("ANN", "ann"), ("ann.lee", None), ("", None), ("a b", None)],
)
def test_handles(given: str, expected: str | None) -> None:
    assert normal_handle(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (" A.B+c@Example.ORG", "a.b+c@example.org"),
        ("a@b", None),
        ("a b@c.de", None),
        ("", None),
        ("a@b.de,c@d.ef", None),
    ],
)
def test_emails(given: str, expected: str | None) -> None:
    assert normal_email(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("+1 (212) 555-0100", "+12125550100"),
        ("0049 30 123456", "+4930123456"),
        ("030 123456", None),
        ("+0 30", None),
        ("phone", None),
    ],
)
def test_phones(given: str, expected: str | None) -> None:
    assert normal_phone(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"), [("gb", "GB"), (" de ", "DE"), ("Germany", None), ("", None)]
)
def test_countries(given: str, expected: str | None) -> None:
    assert normal_country(given) == expected


def test_parts_each_begin_with_the_header() -> None:
    assert list(in_parts(["h", "1", "2", "3", "4", "5"], 2)) == [
        (1, "h"), (1, "1"), (1, "2"), (2, "h"), (2, "3"), (2, "4"), (3, "h"), (3, "5"),
    ]  # fmt: skip
    assert list(in_parts(["h", "1", "2"], 2)) == [(1, "h"), (1, "1"), (1, "2")]
    assert list(in_parts(["h"], 2)) == [(1, "h")]
