"""The laws of the design, each with tests that bear its number; those not here live beside what they speak of."""
