"""The back office's pages about orders. They decide nothing: every act calls one service and shows its Outcome."""

from orders.admin import cases, goods, keys, order, people, policy, registers, scan_log, tenancy, trail

__all__ = ["cases", "goods", "keys", "order", "people", "policy", "registers", "scan_log", "tenancy", "trail"]
