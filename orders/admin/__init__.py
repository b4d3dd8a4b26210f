"""The back office's pages about orders. They decide nothing: every act calls one service and shows its Outcome."""

from orders.admin import order, policy, registers, tenancy, warehouse

__all__ = ["order", "policy", "registers", "tenancy", "warehouse"]
