"""The OpenAPI description is complete and true: generated calls find no server error and no other answer."""

from typing import Any

import schemathesis
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from orders.api.problems import KINDS
from tests.api.conftest import World, schema

MOST_EXAMPLES = 12
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
modestly = settings(
    max_examples=MOST_EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def test_generated_calls_get_the_answers_that_the_schema_names(world: World) -> None:
    world.printable()
    api = schemathesis.openapi.from_wsgi("/api/schema/?format=json", get_wsgi_application())
    operations = [result.ok() for result in api.get_all_operations()]  # type: ignore[union-attr]
    assert len(operations) >= 18
    for operation in operations:

        @modestly
        @given(case=operation.as_strategy())
        def call(case: Any) -> None:
            case.call_and_validate(headers=world.program.headers, checks=CHECKS)

        call()


def test_the_schema_is_made_without_a_warning(tmp_path: Any) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml"))


def test_every_operation_says_what_it_refuses() -> None:
    for path, operations in schema()["paths"].items():
        if not path.startswith("/api/v1/"):
            continue
        for method, operation in operations.items():
            noes = {status for status in operation["responses"] if status >= "400"}
            assert {"401", "403", "429", "500"} <= noes, path
            assert method != "post" or {"400", "409", "415", "422"} <= noes, path
            assert "{" not in path or "404" in noes, path
            assert operation["summary"]
            for status in noes:
                assert list(operation["responses"][status]["content"]) == ["application/problem+json"]


def test_every_code_of_a_problem_is_in_the_schema() -> None:
    assert set(schema()["components"]["schemas"]["ProblemCode"]["enum"]) == set(KINDS)


def test_the_page_of_the_api_has_no_inline_script(world: World) -> None:
    client = world.program.client
    page = client.get("/api/docs/")
    assert page.status_code == 200
    text = page.content.decode()
    for script in text.split("<script")[1:]:
        assert "src=" in script.partition(">")[0]
        assert script.partition(">")[2].partition("</script>")[0].strip() == ""
    assert client.get("/api/schema/").status_code == 200
