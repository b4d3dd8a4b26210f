"""The OpenAPI description is complete and true: generated calls find no server error and no other answer."""

from typing import Any

import pytest
import schemathesis
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, settings

from orders.api.problems import KINDS
from tests.api.conftest import World, a_world, schema

MOST_EXAMPLES = 12


@pytest.fixture
def api(transactional_db: None) -> Any:
    """The API with a few rows, called as a program that may do everything."""
    world = a_world()
    world.printable()
    description = schemathesis.openapi.from_wsgi("/api/schema/?format=json", get_wsgi_application())
    description.config.headers = world.program.headers
    return description


described = schemathesis.pytest.from_fixture("api")


@described.parametrize()
@settings(
    max_examples=MOST_EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_generated_calls_get_the_answers_that_the_schema_names(case: Any) -> None:
    case.call_and_validate(
        checks=[
            schemathesis.checks.not_a_server_error,
            schemathesis.openapi.checks.status_code_conformance,
            schemathesis.openapi.checks.content_type_conformance,
            schemathesis.openapi.checks.response_schema_conformance,
        ]
    )


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
