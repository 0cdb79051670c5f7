"""Laws as statements with error bars: what a ledger says of each, law by law. `tnthermo.laws` is `tnthermo.lawbook.laws.laws`."""
