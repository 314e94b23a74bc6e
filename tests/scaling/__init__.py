"""Replicas come, go and are killed while everybody asks: no answer may fail.

    python -m tests.scaling --rounds 3 --json

Compose with the playground, of images that are built here. Sixteen clients send small pictures to
`/v1/faces` without a pause, each once: nothing is tried again. People send photos in chats. A round
is: five replicas of app_image, kill -9 of two of them, two replicas, five. The exit code is 0 only
where each client got 200 each time and each photo came back once.
"""
