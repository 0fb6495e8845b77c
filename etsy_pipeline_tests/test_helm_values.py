"""The values for Dagster's Helm chart, which nobody could render here: names as the chart's schema has them.

https://github.com/dagster-io/dagster/tree/master/helm/dagster (`schema/schema/charts`): what it forbids to be named
otherwise, it would refuse; what it does not know elsewhere, it would leave out without a word.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

DEPLOY = Path(__file__).parents[1] / "deploy"
Names = Mapping[str, Any]
IMAGE: Names = {"repository": {}, "tag": {}, "pullPolicy": {}}
ENVIRONMENT: Names = {"env": {}, "envConfigMaps": {}, "envSecrets": {}}
TICKS: Names = {"purgeAfterDays": {}}
ANYTHING: Names = {}

CHART: Names = {
    "global": {"postgresqlSecretName": {}, "dagsterHome": {}, "serviceAccountName": {}, "celeryConfigSecretName": {}},
    "postgresql": {
        "enabled": {}, "postgresqlHost": {}, "postgresqlUsername": {}, "postgresqlPassword": {},
        "postgresqlDatabase": {}, "postgresqlParams": {}, "postgresqlScheme": {}, "service": {"port": {}},
    },
    "generatePostgresqlPasswordSecret": {},
    "dagsterWebserver": {"image": IMAGE, **ENVIRONMENT, "replicaCount": {}, "service": ANYTHING, "resources": {}},
    "dagsterDaemon": {
        "image": IMAGE, **ENVIRONMENT, "resources": {},
        "runCoordinator": {
            "enabled": {}, "type": {},
            "config": {"customRunCoordinator": {"module": {}, "class": {}, "config": ANYTHING}},
        },
        "runMonitoring": ANYTHING, "runRetries": ANYTHING,
        "sensors": {"useThreads": {}, "numWorkers": {}, "numSubmitWorkers": {}},
    },
    "pythonLogs": {"pythonLogLevel": {}, "managedPythonLoggers": {}, "dagsterHandlerConfig": ANYTHING},
    "migrate": {"enabled": {}},
    "retention": {"enabled": {}, "schedule": TICKS, "sensor": TICKS, "autoMaterialize": TICKS},
    "telemetry": {"enabled": {}},
    "dagster-user-deployments": {
        "enabled": {}, "enableSubchart": {},
        "deployments": {
            "name": {}, "image": IMAGE, "port": {}, "dagsterApiGrpcArgs": {}, "codeServerArgs": {}, **ENVIRONMENT,
            "includeConfigInLaunchedRuns": {"enabled": {}}, "resources": {}, "readinessProbe": ANYTHING,
        },
    },
    "runLauncher": {
        "type": {},
        "config": {
            "k8sRunLauncher": {
                **ENVIRONMENT, "imagePullPolicy": {}, "jobNamespace": {}, "resources": {}, "volumes": {},
                "runK8sConfig": {
                    "containerConfig": ANYTHING, "podSpecConfig": ANYTHING, "podTemplateSpecMetadata": ANYTHING,
                    "jobSpecConfig": ANYTHING, "jobMetadata": ANYTHING,
                },
            },
        },
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def values() -> Any:
    return yaml.safe_load((DEPLOY / "helm" / "values.yaml").read_text())


def unknown(given: Any, names: Names, where: str = "") -> Iterator[str]:
    """Names that the chart does not know; below a name without names of its own all are right."""
    for item in given if isinstance(given, list) else [given]:
        if names and isinstance(item, dict):
            for name, value in item.items():
                yield from unknown(value, names[name], f"{where}.{name}") if name in names else [f"{where}.{name}"]


def test_the_chart_knows_each_name(values: Any) -> None:
    assert list(unknown(values, CHART)) == []
    assert list(unknown({"dagsterDaemon": {"imagee": 1}}, CHART)) == [".dagsterDaemon.imagee"]


def test_the_code_server_is_ours_and_in_the_folder_of_the_image(values: Any) -> None:
    """The chart starts Dagster's own where it is given words for it, and else what the image starts by itself."""
    (server,) = values["dagster-user-deployments"]["deployments"]
    assert not {"dagsterApiGrpcArgs", "codeServerArgs"} & server.keys()
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    command = json.loads(re.findall(r"^CMD (.*)$", dockerfile, re.MULTILINE)[-1])
    assert command[:3] == ["python", "-m", "etsy_pipeline.code_server"]
    assert command[command.index("--port") + 1] == str(server["port"])
    assert f"DAGSTER_HOME={values['global']['dagsterHome']} " in dockerfile


def test_queue_nets_and_logs_are_those_of_the_recipe_without_the_chart(values: Any) -> None:
    ours = yaml.safe_load((DEPLOY / "dagster" / "k8s.yaml").read_text())
    daemon = values["dagsterDaemon"]
    assert daemon["runCoordinator"]["config"]["customRunCoordinator"] == ours["run_coordinator"]
    assert snake(daemon["runMonitoring"]) == ours["run_monitoring"]
    assert snake(daemon["runRetries"]) == ours["run_retries"]
    assert snake(daemon["sensors"]) == ours["sensors"]
    assert snake(values["pythonLogs"]) == ours["python_logs"]
    assert values["postgresql"]["postgresqlScheme"] == "postgresql+psycopg2"


def snake(given: Mapping[str, Any]) -> dict[str, Any]:
    """The names as dagster.yaml spells them."""
    return {re.sub(r"[A-Z]", lambda found: f"_{found[0].lower()}", name): value for name, value in given.items()}
