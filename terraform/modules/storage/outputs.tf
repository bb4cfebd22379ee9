output "buckets" {
  value       = { for key, bucket in aws_s3_bucket.this : key => bucket.id }
  description = "Buckets: models, replays, experience, releases, logs."
}

output "bucket_arns" {
  value       = { for key, bucket in aws_s3_bucket.this : key => bucket.arn }
  description = "Their ARNs."
}

output "release" {
  value = {
    bucket = aws_s3_bucket.this["releases"].id
    arn    = aws_s3_bucket.this["releases"].arn
    prefix = "releases/${local.release}"
    digest = local.digest
    hash   = filebase64sha256(var.wheel)
    keys   = { for key, object in aws_s3_object.release : key => object.key }
    names  = { for key, path in local.files : key => basename(path) }
  }
  description = "Where the machines find what they install."
}
