output "ingestion" {
  description = "The ingestion bucket, and the objects that Hedgehog writes to it."
  value = {
    name    = module.ingestion.name
    arn     = module.ingestion.arn
    written = [for pattern in local.keys.ingestion : "${module.ingestion.arn}/${pattern}"]
  }
}

output "processed" {
  description = "The processed bucket, the objects that Hedgehog writes to it once, and the report."
  value = {
    name    = module.processed.name
    arn     = module.processed.arn
    written = [for pattern in local.keys.processed : "${module.processed.arn}/${pattern}"]
    report  = "${module.processed.arn}/report/*"
  }
}
