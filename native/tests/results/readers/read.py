"""Reads the results of a sweep as people do, and prints what each program found: names, types and values."""

import json
import sys

import duckdb
import pandas
import polars

CSV, JSON, PARQUET = sys.argv[1:]


def show(reader, form, names, kind, values):
    """Prints a table as one line of JSON."""
    columns = [{"name": name, "kind": kind(name), "values": values(name)} for name in names]
    print(json.dumps({"reader": reader, "form": form, "columns": columns}))


def of_pandas(form, table):
    kinds = {"boolean": "bool", "Int64": "integer", "Float64": "number"}
    show(
        "pandas",
        form,
        list(table.columns),
        lambda name: kinds.get(str(table[name].dtype), "text"),
        lambda name: [None if pandas.isna(cell) else cell for cell in table[name].tolist()],
    )


def of_polars(form, table):
    kinds = {"Boolean": "bool", "Int64": "integer", "Float64": "number", "String": "text"}
    show(
        "polars",
        form,
        table.columns,
        lambda name: kinds[str(table[name].dtype)],
        lambda name: table[name].to_list(),
    )


def of_duckdb(form, table):
    kinds = {"BOOLEAN": "bool", "BIGINT": "integer", "DOUBLE": "number", "VARCHAR": "text"}
    types = dict(zip(table.columns, table.types))
    rows = table.fetchall()
    show(
        "duckdb",
        form,
        table.columns,
        lambda name: kinds[str(types[name])],
        lambda name: [row[table.columns.index(name)] for row in rows],
    )


# pandas has columns of whole numbers with empty cells only in its nullable types.
of_pandas("csv", pandas.read_csv(CSV, dtype_backend="numpy_nullable"))
of_pandas("parquet", pandas.read_parquet(PARQUET, dtype_backend="numpy_nullable"))
with open(JSON, encoding="utf-8") as file:
    sweep = json.load(file)
types = {"bool": "boolean", "integer": "Int64", "number": "Float64", "text": "string"}
types = {column["name"]: types[column["type"]] for column in sweep["columns"]}
of_pandas("json", pandas.DataFrame(sweep["rows"]).astype(types))

of_polars("csv", polars.read_csv(CSV))
of_polars("parquet", polars.read_parquet(PARQUET))
of_polars("json", polars.DataFrame(sweep["rows"], infer_schema_length=None))

of_duckdb("csv", duckdb.sql(f"from read_csv('{CSV}')"))
of_duckdb("parquet", duckdb.sql(f"from read_parquet('{PARQUET}')"))
rows = f"select unnest(rows, recursive := true) from read_json('{JSON}')"
of_duckdb("json", duckdb.sql(rows))
