package graph

import (
	"fmt"
	"strconv"
	"strings"
)

// cronWords says the common schedules as people do, and "" for the others: the line itself stands below anyway.
func cronWords(five string) string {
	f := strings.Fields(five)
	if len(f) != 5 {
		return ""
	}
	minute, err := strconv.Atoi(f[0])
	if err != nil || f[2] != "*" && f[4] != "*" || f[3] != "*" {
		return ""
	}
	if f[1] == "*" && f[2] == "*" && f[4] == "*" {
		return fmt.Sprintf("every hour at :%02d", minute)
	}
	hour, err := strconv.Atoi(f[1])
	if err != nil {
		return ""
	}
	at := fmt.Sprintf("at %02d:%02d", hour, minute)
	switch {
	case f[2] == "*" && f[4] == "*":
		return "every day " + at
	case f[2] == "*":
		if day := weekday(f[4]); day != "" {
			return "every " + day + " " + at
		}
	case f[4] == "*":
		if _, err := strconv.Atoi(f[2]); err == nil {
			return "on day " + f[2] + " of the month " + at
		}
	}
	return ""
}

func weekday(s string) string {
	switch strings.ToUpper(s) {
	case "0", "SUN":
		return "Sunday"
	case "1", "MON":
		return "Monday"
	case "2", "TUE":
		return "Tuesday"
	case "3", "WED":
		return "Wednesday"
	case "4", "THU":
		return "Thursday"
	case "5", "FRI":
		return "Friday"
	case "6", "SAT":
		return "Saturday"
	case "1-5", "MON-FRI":
		return "weekday"
	}
	return ""
}
