package graph

// icon is a drawing of 16 by 16 units in strokes.
func icon(k Kind) string {
	switch k {
	case KindService:
		return "M2 8h9M8 5l3 3-3 3M13.5 3v10"
	case KindAddress:
		return "M8 1.8a6.2 6.2 0 100 12.4A6.2 6.2 0 008 1.8zM1.8 8h12.4M8 1.8c2 1.8 2.8 3.9 2.8 6.2S10 12.4 8 14.2C6 12.4 5.2 10.3 5.2 8S6 3.6 8 1.8z"
	case KindNetwork:
		return "M8 1.7l5.3 2v4c0 3.2-2.2 5.5-5.3 6.6C4.9 13.2 2.7 10.9 2.7 7.7v-4z"
	case KindPooler:
		return "M2 3h12L9.5 8.5V13l-3 1.2V8.5z"
	case KindCluster, KindPrimary, KindStandby:
		return "M2.8 4c0-1.2 2.3-2.2 5.2-2.2S13.2 2.8 13.2 4v8c0 1.2-2.3 2.2-5.2 2.2S2.8 13.2 2.8 12zM2.8 4c0 1.2 2.3 2.2 5.2 2.2S13.2 5.2 13.2 4M2.8 8c0 1.2 2.3 2.2 5.2 2.2S13.2 9.2 13.2 8"
	case KindDatabase:
		return "M2.5 3h11v10h-11zM2.5 6.5h11M6.5 6.5V13"
	case KindSchedule:
		return "M8 1.8a6.2 6.2 0 100 12.4A6.2 6.2 0 008 1.8zM8 4.5V8l2.5 1.8"
	case KindStore:
		return "M2 4.5h12l-1.6 9H3.6zM2 4.5L4.5 2h7L14 4.5M6 8h4"
	case KindDrill:
		return "M13.8 8A5.8 5.8 0 118 2.2c2 0 3.7 1 4.8 2.5M13 1.8v3.2H9.8M5.5 8l1.8 1.8L10.8 6.5"
	case KindSource:
		return "M4.5 12.5a3 3 0 01-.3-6A4 4 0 0112 6.3a3.1 3.1 0 01-.5 6.2zM8 15V9.5M6 11.5l2-2 2 2"
	case KindSecret:
		return "M5 8.3a2.7 2.7 0 100 5.4 2.7 2.7 0 000-5.4zM7 9l6.5-6.5M11 5l2 2M9 7l1.3 1.3"
	case KindCertificate:
		return "M2 2.5h12v8H9.5M2 2.5v8h2.5M4.5 5.5h7M7 8.2a2 2 0 100 4 2 2 0 000-4zM5.7 11.8V15L7 14.2 8.3 15v-3.2"
	case KindMonitor:
		return "M1.5 8.5h3l2-5.5 3 10 2-4.5h3"
	case KindAlerts:
		return "M3.5 11.5c1-1 1.2-2 1.2-4.5a3.3 3.3 0 016.6 0c0 2.5.2 3.5 1.2 4.5zM6.7 13.5a1.4 1.4 0 002.6 0"
	case KindDashboard:
		return "M2 2h12v12H2zM5 11V8.5M8 11V5M11 11V7"
	}
	return "M4 1.8h5l3 3v9.4H4zM9 1.8v3h3M6 8h4M6 10.5h4"
}
