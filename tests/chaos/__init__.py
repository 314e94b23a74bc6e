"""People send photos while everything fails; what they sent is compared with what came back.

    python -m tests.chaos --jobs 10000 --queue sqlite --seed 1

Real processes as `make run` starts them, two replicas of each service, the playground as Telegram.
People and groups send photos and links as fast as they are answered, a few at a time. All the
while kill -9 and SIGSTOP hit bot, services, nginx and, with `--queue redis`, the server of the
queue; the disk under the queue's file is full for seconds, the wall clock jumps; and Telegram has
bad days: connections break before and after a call took effect, answers break off or come late,
429 and 5xx, files that are gone, chats that block the bot, groups that become supergroups, updates
that come twice and out of order. All of it follows from the seed; `--seed` repeats it.

`lost`: messages for which what was due never came: a picture, or a sentence where the file is gone.
`duplicated`: messages for which more than that came. Nothing is due where the bot is blocked. Who
is asked to send a picture again does so (`sent_again`). The last line is one JSON object; the exit
code is 0 only where nothing was lost, doubled or contradicted by a sentence, nothing is left in the
queue, all jobs were sent within the time, and nothing that any process printed holds a secret, a
file_id or a link (`revealed`).
"""
