"""The back office's pages about orders. They decide nothing: every act calls one service and shows its Outcome."""

from orders.admin import goods, keys, order, people, policy, registers, tenancy, trail

__all__ = ["goods", "keys", "order", "people", "policy", "registers", "tenancy", "trail"]
