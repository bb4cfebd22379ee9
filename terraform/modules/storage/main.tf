data "aws_caller_identity" "here" {}
data "aws_region" "here" {}
data "aws_partition" "here" {}

locals {
  # Names of buckets are the world's: the account's number keeps ours apart.
  suffix  = "${data.aws_caller_identity.here.account_id}-${data.aws_region.here.name}"
  buckets = toset(["models", "replays", "experience", "releases", "logs"])

  days = merge(var.keep_days, { logs = 30 })

  digest  = filesha256(var.wheel)
  release = substr(sha256("${local.digest}${filesha256(var.constraints)}${filesha256(var.install)}"), 0, 16)
  files = {
    wheel       = var.wheel
    constraints = var.constraints
    install     = var.install
  }
}

resource "aws_s3_bucket" "this" {
  for_each = local.buckets

  bucket        = "${var.name}-${each.key}-${local.suffix}"
  force_destroy = var.force_destroy || contains(["releases", "logs"], each.key)
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = local.buckets

  bucket                  = aws_s3_bucket.this[each.key].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id
  rule { object_ownership = "BucketOwnerEnforced" }
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id
  versioning_configuration { status = "Enabled" }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id
  rule {
    bucket_key_enabled = true
    apply_server_side_encryption_by_default { sse_algorithm = "AES256" }
  }
}

data "aws_iam_policy_document" "tls_only" {
  for_each = local.buckets

  statement {
    sid     = "TlsOnly"
    effect  = "Deny"
    actions = ["s3:*"]
    resources = [
      aws_s3_bucket.this[each.key].arn,
      "${aws_s3_bucket.this[each.key].arn}/*",
    ]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  # Flow logs; where this is missing AWS writes it into the policy by itself.
  dynamic "statement" {
    for_each = each.key == "logs" ? { PutObject = "/AWSLogs/*", GetBucketAcl = "" } : {}
    content {
      sid       = "Logs${statement.key}"
      actions   = ["s3:${statement.key}"]
      resources = ["${aws_s3_bucket.this["logs"].arn}${statement.value}"]
      principals {
        type        = "Service"
        identifiers = ["delivery.logs.amazonaws.com"]
      }
      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [data.aws_caller_identity.here.account_id]
      }
    }
  }
}

resource "aws_s3_bucket_policy" "tls_only" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id
  policy = data.aws_iam_policy_document.tls_only[each.key].json

  depends_on = [aws_s3_bucket_public_access_block.this]
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id

  rule {
    id     = "unfinished-uploads"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload { days_after_initiation = 2 }
  }

  rule {
    id     = "previous"
    status = "Enabled"
    filter {}
    noncurrent_version_expiration { noncurrent_days = var.previous_days }
  }

  dynamic "rule" {
    for_each = contains(keys(local.days), each.key) ? [local.days[each.key]] : []
    content {
      id     = "old"
      status = "Enabled"
      filter {}
      expiration { days = rule.value }
    }
  }

  dynamic "rule" {
    for_each = each.key == "replays" && var.archive_days != null ? [var.archive_days] : []
    content {
      id     = "rarely-looked-at"
      status = "Enabled"
      filter {}
      transition {
        days          = rule.value
        storage_class = "STANDARD_IA"
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

# What machines install lies under the digest of its files: an old machine finds its own release until it is replaced.
resource "aws_s3_object" "release" {
  for_each = local.files

  bucket      = aws_s3_bucket.this["releases"].id
  key         = "releases/${local.release}/${basename(each.value)}"
  source      = each.value
  source_hash = filesha256(each.value)

  depends_on = [aws_s3_bucket_versioning.this, aws_s3_bucket_policy.tls_only]
}
