"""The Telegram process: takes updates in, queues jobs, hands them to the services.

No pixel is touched here: photos are file_ids and URLs until a service fetches them.
"""
