"""What a city of some size needs: measured figures, and how the others follow from them."""

from __future__ import annotations

from typing import Any

#: Measured elsewhere; each with its source.
STORE_BYTES = 8.59e9 / 104.6e6
INTAKE_PER_S = 47_000
TICK_S, TICK_GB, TICK_SERIES = 0.97, 1.15, 200_000

SOURCES = f"""\
measured elsewhere
  store   {STORE_BYTES:.1f} bytes a reading      five years of the board's benchmark: 8.59 GB, 104.6 M readings
  intake  {INTAKE_PER_S:,} readings/s       docs/delivery.md: lowest figure into SQLite, machine of two cores, busy
  tick    {TICK_S} s and {TICK_GB} GB a slot  benchmarks/qc.py: control and detection of {TICK_SERIES:,} series"""

#: Sub-district, district, city: stations.
STATIONS = (56, 500, 2_000, 10_000)
DETERMINANDS = 9
MONTH_S = 30 * 86_400
SLOT_S = 300

RULES = """\
how the others follow, for S stations of 9 determinands with a reading of each a minute; measured was the example site,
faster than live, and every row is arithmetic on that
  readings/s   = S x 9 / 60
  intake       = readings/s / readings/s of the intake                  [cores]
  watch        = readings/s / readings/s of a worker on Kafka           [cores]
  one process  = readings/s / readings/s of the hub's watch             [cores]
  memory       = S x 9 x kB a series                                    [MB, and each worker's own besides]
  store        = readings/s x 30 days x bytes a reading                 [GB a month]
  Kafka        = readings/s x 7 days x bytes sent a reading + 2 x kept  [GB, one copy, before compression]"""


def sizes(figures: dict[str, Any]) -> list[dict[str, float]]:
    """A row for each number of stations."""
    rows = []
    for stations in STATIONS:
        series = stations * DETERMINANDS
        rate = series / 60
        kept = series * figures["kept_bytes_per_series"]
        rows.append({
            "stations": stations,
            "readings_per_s": rate,
            "intake_cores": rate / INTAKE_PER_S,
            "watch_cores": rate / figures["kafka_readings_per_s"],
            "one_process_cores": rate / figures["in_process_readings_per_s"],
            "memory_mb": series * figures["memory_kb_per_series"] / 1000,
            "store_gb_month": rate * MONTH_S * STORE_BYTES / 1e9,
            "kafka_gb": (rate * 7 * 86_400 * figures["sent_bytes_per_reading"] + 2 * kept) / 1e9,
        })  # fmt: skip
    return rows


def print_sizes(figures: dict[str, Any]) -> None:
    """Print the table with its sources and rules."""
    print(f"\n{SOURCES}\n{RULES}\n\na worker's own memory: {figures['worker_mb']:.0f} MB with the example site")
    print("stations  readings/s  intake cores  watch cores (Kafka / one process)  memory MB  store GB/month  Kafka GB")
    for row in sizes(figures):
        print(f"{row['stations']:8,}  {row['readings_per_s']:10,.1f}  {row['intake_cores']:12.3f}  "
              f"{row['watch_cores']:19.3f} / {row['one_process_cores']:.3f}     {row['memory_mb']:9,.0f}  "
              f"{row['store_gb_month']:14,.1f}  {row['kafka_gb']:8,.1f}")  # fmt: skip
