# What is secret is neither in the state nor in user data: keys are drawn while Terraform runs and written straight to
# Secrets Manager; certificates are put there by `mazemesh cloud up`; the database's password is RDS' own.

locals {
  keys = {
    admin  = "Key of the first administrator of ${var.name}"
    worker = "Key that services, actors, evaluators and learners of ${var.name} call each other with"
  }
  certificates = {
    tls       = "Certificate, private key and authority of the services of ${var.name}: JSON with certificate, key, authority"
    authority = "Private key of the authority that signs certificates of ${var.name}; for operators alone"
  }
}

ephemeral "aws_secretsmanager_random_password" "key" {
  for_each = local.keys

  password_length     = 43 # of letters and digits: 256 bits
  exclude_punctuation = true
}

resource "aws_secretsmanager_secret" "key" {
  for_each = local.keys

  name                    = "${var.name}/${each.key}-key"
  description             = each.value
  recovery_window_in_days = var.recovery_days
}

resource "aws_secretsmanager_secret_version" "key" {
  for_each = local.keys

  secret_id                = aws_secretsmanager_secret.key[each.key].id
  secret_string_wo         = ephemeral.aws_secretsmanager_random_password.key[each.key].random_password
  secret_string_wo_version = var.keys_version
}

resource "aws_secretsmanager_secret" "certificate" {
  for_each = local.certificates

  name                    = "${var.name}/${each.key}"
  description             = each.value
  recovery_window_in_days = var.recovery_days
}
