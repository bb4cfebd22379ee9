# Looks every five minutes; stops groups of machines when nobody needs them, or their hours of the month are used up, and
# starts them again for a training job. Its code is the wheel: a wheel is a zip, and the module needs boto3 alone.

data "aws_region" "here" {}
data "aws_partition" "here" {}
data "aws_caller_identity" "here" {}

locals {
  function = "${var.name}-shutdown"
  account  = "${data.aws_region.here.name}:${data.aws_caller_identity.here.account_id}"
  aws      = "arn:${data.aws_partition.here.partition}"
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${local.function}"
  retention_in_days = 30
}

resource "aws_ssm_parameter" "state" {
  name        = "/${var.name}/shutdown"
  description = "Groups that were stopped, with their sizes before, and machine hours of the month"
  type        = "String"
  value       = "{}"

  lifecycle {
    ignore_changes = [value] # the function's memory
  }
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "this" {
  statement {
    sid       = "Look"
    actions   = ["autoscaling:DescribeAutoScalingGroups", "cloudwatch:GetMetricData"]
    resources = ["*"]
  }
  statement {
    sid       = "StopAndStart"
    actions   = ["autoscaling:UpdateAutoScalingGroup"]
    resources = ["${local.aws}:autoscaling:${local.account}:autoScalingGroup:*:autoScalingGroupName/${var.name}-*"]
  }
  statement {
    sid       = "Remember"
    actions   = ["ssm:GetParameter", "ssm:PutParameter"]
    resources = [aws_ssm_parameter.state.arn]
  }
  statement {
    sid       = "Tell"
    actions   = ["sns:Publish"]
    resources = [var.topic_arn]
  }
  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this.arn}:*"]
  }
}

resource "aws_iam_role" "this" {
  name               = local.function
  description        = "The shutdown function of ${var.name}"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "this" {
  name   = "shutdown"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.this.json
}

resource "aws_lambda_function" "this" {
  function_name    = local.function
  description      = "Stops machines that nobody needs, starts them for a training job"
  role             = aws_iam_role.this.arn
  runtime          = "python3.12"
  architectures    = ["arm64"]
  handler          = "supervisor.cloud.scaling.shutdown.handler"
  s3_bucket        = var.release.bucket
  s3_key           = var.release.keys.wheel
  source_code_hash = var.release.hash
  timeout          = 60
  memory_size      = 256

  environment {
    variables = {
      MAZEMESH_CLOUD_NAME         = var.name
      MAZEMESH_CLOUD_IDLE_MINUTES = tostring(var.idle_minutes)
      MAZEMESH_CLOUD_STATE        = aws_ssm_parameter.state.name
      MAZEMESH_CLOUD_TOPIC        = var.topic_arn
    }
  }

  depends_on = [aws_iam_role_policy.this, aws_cloudwatch_log_group.this]
}

resource "aws_cloudwatch_event_rule" "look" {
  name                = "${local.function}-look"
  description         = "Whether anybody needs the machines"
  schedule_expression = "rate(5 minutes)"
}

# aws events put-events --entries Source=mazemesh,DetailType=training,Detail='{"mesh": "NAME"}'
resource "aws_cloudwatch_event_rule" "training" {
  name        = "${local.function}-training"
  description = "A training job asks for the machines"
  event_pattern = jsonencode({
    source      = ["mazemesh"]
    detail-type = ["training"]
    detail      = { mesh = [var.name] }
  })
}

resource "aws_cloudwatch_event_target" "this" {
  for_each = {
    look     = { rule = aws_cloudwatch_event_rule.look.name, input = jsonencode({ action = "look" }) }
    training = { rule = aws_cloudwatch_event_rule.training.name, input = jsonencode({ action = "start" }) }
  }

  rule      = each.value.rule
  target_id = each.key
  arn       = aws_lambda_function.this.arn
  input     = each.value.input
}

resource "aws_lambda_permission" "this" {
  for_each = { look = aws_cloudwatch_event_rule.look.arn, training = aws_cloudwatch_event_rule.training.arn }

  statement_id  = each.key
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this.function_name
  principal     = "events.amazonaws.com"
  source_arn    = each.value
}
