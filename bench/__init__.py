"""How fast it is (DESIGN 8), as ratios measured in one run. Never part of the tests: `make bench` runs it."""
