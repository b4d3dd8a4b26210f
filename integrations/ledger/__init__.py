"""The conservation ledger (订单对账): what was sold must be found at every hop, or be a gap with an order number.

`run` is beat's: it follows the orders that changed, asks platforms for their own lists, looks at the buckets whose time
has come, and says what is missing. `hops` decides about one order and has no database.

What it costs: only buckets that are open and due are read, each order in a handful of queries for hundreds together.
"""

from integrations.ledger.asking import read_again
from integrations.ledger.buckets import run

__all__ = ["read_again", "run"]
