# Reads the results of a sweep as people do, and prints what R found: names, types and values.

suppressPackageStartupMessages({
  library(jsonlite)
  library(readr)
  library(reticulate)
})

arguments <- commandArgs(trailingOnly = TRUE)
csv <- arguments[1]
json <- arguments[2]
parquet <- arguments[3]

show <- function(form, table) {
  kind <- function(column) {
    if (is.logical(column)) "bool" else if (is.numeric(column)) "numeric" else "text"
  }
  # JSON of R has 15 digits of a number; a text has all of them.
  values <- function(column) {
    if (is.numeric(column)) ifelse(is.na(column), NA, sprintf("%.17g", column)) else column
  }
  columns <- lapply(names(table), function(name) {
    list(name = unbox(name), kind = unbox(kind(table[[name]])), values = values(table[[name]]))
  })
  line <- list(reader = unbox("R"), form = unbox(form), columns = columns)
  cat(toJSON(line, na = "null"), "\n", sep = "")
}

show("csv", read_csv(csv, show_col_types = FALSE))
show("json", fromJSON(json)$rows)
# Debian has no package of R that reads Parquet: the Python of `reticulate` does.
columns <- import("pyarrow.parquet")$read_table(parquet)$to_pydict()
# An empty cell is a NULL in a list; a vector has NA.
cells <- function(column) if (is.list(column)) sapply(column, function(cell) if (is.null(cell)) NA else cell) else column
show("parquet", lapply(columns, cells))
