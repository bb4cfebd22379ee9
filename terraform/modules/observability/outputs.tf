output "topic_arn" {
  value       = aws_sns_topic.alarms.arn
  description = "SNS topic of the alarms."
}

output "dashboard_url" {
  value       = "https://${data.aws_region.here.name}.console.aws.amazon.com/cloudwatch/home?region=${data.aws_region.here.name}#dashboards/dashboard/${var.name}"
  description = "The dashboard in the AWS console."
}
