output "function" {
  value       = aws_lambda_function.this.function_name
  description = "Name of the function; `mazemesh cloud start` and `stop` call it."
}
