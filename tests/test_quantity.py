"""Kubernetes quantities, read by apimachinery's grammar."""

from __future__ import annotations

import pytest

from kubectl_inventory.quantity import amount_of


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0", 0.0),
        ("7", 7.0),
        ("-1.5", -1.5),
        ("+2", 2.0),
        ("5.", 5.0),
        (".5", 0.5),
        ("250n", 2.5e-7),
        ("3u", 3e-6),
        ("100m", 0.1),
        ("12k", 12e3),
        ("1M", 1e6),
        ("1G", 1e9),
        ("1T", 1e12),
        ("1P", 1e15),
        ("1E", 1e18),
        ("1Ki", 1024.0),
        ("512Mi", 512.0 * 2**20),
        ("1.5Gi", 1.5 * 2**30),
        ("1.Ti", 2.0**40),
        (".5Pi", 2.0**49),
        ("-1Ei", -(2.0**60)),
        ("1E3", 1000.0),
        ("2e3", 2000.0),
        ("1e-3", 0.001),
        ("12E+2", 1200.0),
    ],
)
def test_a_quantity_is_read_as_kubernetes_reads_it(text: str, amount: float) -> None:
    assert amount_of(text) == pytest.approx(amount, rel=1e-12)


@pytest.mark.parametrize(
    "text",
    [
        "", ".", "-", "Gi", "1.2.3", "1K", "1ki", "1mi", "1e", "1E+", "1e1.5", "1e3k", "1Gi ", "1 Gi", "1GiB", "45%",
        "1_0", "0x1", "nan", "inf", "1/3", "5m12s", "\u0663", "1\n",
    ],
)  # fmt: skip
def test_any_other_text_is_no_quantity(text: str) -> None:
    assert amount_of(text) is None


@pytest.mark.parametrize("text", ["1e400", "-1e400", "9" * 1_000_000, f"{'9' * 308}Gi"])
def test_more_than_a_float_holds_is_no_amount(text: str) -> None:
    assert amount_of(text) is None


@pytest.mark.parametrize("text", ["1" * 200_000 + "x", "1" * 100_000 + "e" + "1" * 100_000 + "x"])
def test_a_long_text_is_read_in_no_time(text: str) -> None:
    """A pattern that splits digits in every way would take minutes."""
    assert amount_of(text) is None
