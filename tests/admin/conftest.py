"""The back office as a browser sees it: a seller, a neighbour whose orders are none of ours, and somebody logged in."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from orders.lifecycle import Role
from tests.admin.world import Seller


@pytest.fixture
def seller(db: None) -> Seller:
    return Seller()


@pytest.fixture
def neighbour(seller: Seller) -> Seller:
    return Seller("nanshan", name="南山母婴")


@pytest.fixture
def browser(seller: Seller) -> Callable[[Role | User], Client]:
    """A client logged in as a person, or as the seller's person of that role."""

    def log_in(who: Role | User) -> Client:
        client = Client()
        client.force_login(
            seller.people[who] if isinstance(who, Role) else who,
            backend="django.contrib.auth.backends.ModelBackend",
        )
        return client

    return log_in


@pytest.fixture
def root(seller: Seller, browser: Callable[[Role | User], Client]) -> Client:
    return browser(User.objects.create_superuser("root", password="beidou-2026-tower"))
