// Package postgres is what the sidecar knows of PostgreSQL 13 to 18.
package postgres
