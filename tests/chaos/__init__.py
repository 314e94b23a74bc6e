"""Kill everything while people send photos; compare what was sent with what came back.

    python -m tests.chaos --jobs 10000 --queue sqlite --seed 1

Real processes as `make run` starts them, two replicas of each service, the playground as Telegram.
People send photos and links as fast as they are answered, a few at a time. All the while kill -9
hits bot, services, nginx and, with `--queue redis`, the server of the queue.

`lost`: messages that no annotated picture came for. `duplicated`: messages that more than one came
for. The last line is one JSON object; the exit code is 0 only where both are 0 and all jobs were
sent within the time.
"""
