"""The services as one AWS Lambda function; Lambda calls `services.app_lambda.function.handler`."""
