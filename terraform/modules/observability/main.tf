data "aws_region" "here" {}
data "aws_caller_identity" "here" {}

locals {
  metrics = {
    "queued games"          = [["Mazemesh", "QueuedGames", "Mesh", var.name], [".", "WantedGames", ".", "."]]
    "rows a minute"         = [["Mazemesh", "RowsInserted", "Mesh", var.name], [".", "RowsSampled", ".", "."]]
    "agent steps learned"   = [["Mazemesh", "LearnedSteps", "Mesh", var.name]]
    "inserts minus samples" = [["Mazemesh", "InsertsMinusSamples", "Mesh", var.name]]
    "calls of outsiders"    = [["Mazemesh", "Asked", "Mesh", var.name]]
    "machines"              = [for group in values(var.groups) : ["AWS/AutoScaling", "GroupInServiceInstances", "AutoScalingGroupName", group.name]]
  }
}

resource "aws_sns_topic" "alarms" {
  # Not encrypted by AWS' own key: alarms could not be published under it.
  name = "${var.name}-alarms"
}

data "aws_iam_policy_document" "alarms" {
  statement {
    sid       = "AlarmsOfThisAccount"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alarms.arn]
    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.here.account_id]
    }
  }
}

resource "aws_sns_topic_policy" "alarms" {
  arn    = aws_sns_topic.alarms.arn
  policy = data.aws_iam_policy_document.alarms.json
}

resource "aws_sns_topic_subscription" "emails" {
  for_each = toset(var.emails)

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.key
}

resource "aws_cloudwatch_metric_alarm" "gone" {
  for_each = var.alarms ? { for key, group in var.groups : key => group.name if group.always } : {}

  alarm_name          = "${var.name}-${each.key}-gone"
  alarm_description   = "No machine of ${each.key} is in service: see the group's activity in the EC2 console"
  namespace           = "AWS/AutoScaling"
  metric_name         = "GroupInServiceInstances"
  dimensions          = { AutoScalingGroupName = each.value }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 2
  threshold           = 1
  comparison_operator = "LessThanThreshold"
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "stuck" {
  count = var.alarms ? 1 : 0

  alarm_name          = "${var.name}-stuck"
  alarm_description   = "Rows are inserted and nothing is learned: look at the learner's log, and at Replay's limiter"
  evaluation_periods  = 3
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]

  metric_query {
    id          = "stuck"
    label       = "rows inserted while nothing is learned"
    expression  = "IF(learned == 0, inserted, 0)"
    return_data = true
  }
  metric_query {
    id = "inserted"
    metric {
      namespace   = "Mazemesh"
      metric_name = "RowsInserted"
      dimensions  = { Mesh = var.name }
      stat        = "Sum"
      period      = 300
    }
  }
  metric_query {
    id = "learned"
    metric {
      namespace   = "Mazemesh"
      metric_name = "LearnedSteps"
      dimensions  = { Mesh = var.name }
      stat        = "Sum"
      period      = 300
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "database" {
  count = var.alarms && var.database != null ? 1 : 0

  alarm_name          = "${var.name}-database-busy"
  alarm_description   = "The database's processor is above 80 % for 15 minutes: raise its class or its capacity"
  namespace           = "AWS/RDS"
  metric_name         = "CPUUtilization"
  dimensions          = var.database
  statistic           = "Average"
  period              = 300
  evaluation_periods  = 3
  threshold           = 80
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = [
      for index, title in sort(keys(local.metrics)) : {
        type   = "metric"
        x      = 12 * (index % 2)
        y      = 6 * floor(index / 2)
        width  = 12
        height = 6
        properties = {
          title   = title
          region  = data.aws_region.here.name
          metrics = local.metrics[title]
          stat    = "Maximum"
          period  = 60
          view    = "timeSeries"
        }
      }
    ]
  })
}
