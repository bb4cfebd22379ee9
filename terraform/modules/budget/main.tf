data "aws_region" "here" {}

locals {
  # Budgets filter by tags once these are activated as cost allocation tags (Billing console, once an account).
  warnings = {
    half      = { threshold = 50, kind = "ACTUAL" }
    most      = { threshold = 80, kind = "ACTUAL" }
    all       = { threshold = 100, kind = "ACTUAL" }
    predicted = { threshold = 100, kind = "FORECASTED" }
  }
}

resource "aws_budgets_budget" "this" {
  name         = var.name
  budget_type  = "COST"
  limit_amount = format("%.1f", var.monthly_usd)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  dynamic "notification" {
    for_each = length(var.emails) > 0 ? local.warnings : {}
    content {
      comparison_operator        = "GREATER_THAN"
      threshold                  = notification.value.threshold
      threshold_type             = "PERCENTAGE"
      notification_type          = notification.value.kind
      subscriber_email_addresses = var.emails
    }
  }
}

# The bill so far, every six hours; AWS tells it in one region alone, and where the account allows billing alerts.
resource "aws_cloudwatch_metric_alarm" "bill" {
  count = data.aws_region.here.name == "us-east-1" ? 1 : 0

  alarm_name          = "${var.name}-bill"
  alarm_description   = "This month's bill of the account is above the budget of ${var.name}: `mazemesh cloud down` or a larger budget"
  namespace           = "AWS/Billing"
  metric_name         = "EstimatedCharges"
  dimensions          = { Currency = "USD" }
  statistic           = "Maximum"
  period              = 21600
  evaluation_periods  = 1
  threshold           = var.monthly_usd
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.topic_arn]
}

resource "aws_ce_anomaly_monitor" "this" {
  count = var.anomalies ? 1 : 0

  name              = var.name
  monitor_type      = "DIMENSIONAL"
  monitor_dimension = "SERVICE"
}

resource "aws_ce_anomaly_subscription" "this" {
  count = var.anomalies && length(var.emails) > 0 ? 1 : 0

  name             = var.name
  frequency        = "DAILY"
  monitor_arn_list = [aws_ce_anomaly_monitor.this[0].arn]

  dynamic "subscriber" {
    for_each = var.emails
    content {
      type    = "EMAIL"
      address = subscriber.value
    }
  }

  threshold_expression {
    dimension {
      key           = "ANOMALY_TOTAL_IMPACT_ABSOLUTE"
      match_options = ["GREATER_THAN_OR_EQUAL"]
      values        = [format("%d", max(5, floor(var.monthly_usd / 10)))]
    }
  }
}
