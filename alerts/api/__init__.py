"""The same REST door as `orders.api` (its rules are there), for what only this room knows."""
