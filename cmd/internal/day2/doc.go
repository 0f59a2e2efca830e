// Package day2 is the edge of the verbs for databases that run: it finds a database in a cluster, reads what package status makes a
// picture of, does what package act decides, and connects people to its servers and their logs.
//
// Agents and servers are asked inside their pods (pods/exec), where they want no token: whoever may exec into a pod may do all that
// its agent does. A member that does not answer is one more thing that is told, and never an error.
package day2
