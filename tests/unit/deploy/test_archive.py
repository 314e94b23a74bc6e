"""The Job that works through an archive: its shards are those of its command."""

from __future__ import annotations

import kubernetes_validate

from tests.unit.deploy.manifests import FOLDER, container, documents, of, pod, rendered
from utils.archive import arguments, command

(JOB,) = documents(FOLDER / "archive" / "job.yaml")
INDEX = "$(JOB_COMPLETION_INDEX)"


def test_every_shard_has_a_pod_and_a_file_of_its_own():
    only = container(JOB)
    count = JOB["spec"]["completions"]
    assert JOB["spec"]["completionMode"] == "Indexed"
    outputs, shards = set(), set()
    for index in range(count):
        words = [word.replace(INDEX, str(index)) for word in (*only["command"], *only["args"])]
        assert words[:3] == ["python", "-m", "utils"]
        given = arguments.parse(words[3:])
        assert given.photos == ["/photos"]
        shards.add(given.shard)
        outputs.add(given.json)
    assert {(shard.index, shard.count) for shard in shards} == {(i, count) for i in range(count)}
    assert len(outputs) == count
    mounts = {mount["mountPath"]: mount.get("readOnly", False) for mount in only["volumeMounts"]}
    assert mounts == {"/photos": True, "/results": False, "/tmp": False}


def test_it_is_tried_again_unless_no_try_can_do_better():
    never, ignored = JOB["spec"]["podFailurePolicy"]["rules"]
    assert never["onExitCodes"]["values"] == [command.USAGE, command.SETTINGS]
    assert never["onExitCodes"]["containerName"] == container(JOB)["name"]
    assert ignored["action"] == "Ignore"
    assert JOB["spec"]["backoffLimitPerIndex"] > 0
    assert pod(JOB)["spec"]["restartPolicy"] == "Never"


def test_it_is_as_confined_as_the_services():
    (service,) = [
        each
        for each in documents(FOLDER / "base" / "app-image.yaml")
        if each["kind"] == "Deployment"
    ]
    assert container(JOB)["securityContext"] == container(service)["securityContext"]
    ours, theirs = (pod(each)["spec"]["securityContext"] for each in (JOB, service))
    assert {key: ours[key] for key in theirs} == theirs
    assert pod(JOB)["spec"]["automountServiceAccountToken"] is False


def test_it_fits_the_schema_when_put_together():
    (job,) = of(rendered("archive"), "Job")
    kubernetes_validate.validate(job, "1.37", strict=True)
    assert job["metadata"]["namespace"] == "semblance"
    assert container(job)["image"].startswith("semblance:")
