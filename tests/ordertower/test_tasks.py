import threading
from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from ordertower.tasks import side_by_side


def test_one_kind_of_work_takes_only_its_places_and_one_more_ends_at_once():
    """A heap of hints must not take every thread of a lane: the other kinds would starve."""
    places = 1 if connection.vendor == "sqlite" else 2
    inside, leave = threading.Semaphore(0), threading.Event()

    @side_by_side(2)
    def works() -> int:
        inside.release()
        assert leave.wait(20)
        return 1

    with ThreadPoolExecutor(8) as threads:
        running = [threads.submit(works) for _ in range(places)]
        for _ in running:
            assert inside.acquire(timeout=20)
        assert [threads.submit(works).result(20) for _ in range(3)] == [0, 0, 0]
        leave.set()
        assert [each.result(20) for each in running] == [1] * places


def test_a_place_is_free_again_after_a_failure():
    failures = iter([ValueError("broken"), None])

    @side_by_side(1)
    def works() -> int:
        if error := next(failures):
            raise error
        return 1

    with ThreadPoolExecutor(1) as threads:
        assert isinstance(threads.submit(works).exception(20), ValueError)
        assert threads.submit(works).result(20) == 1
