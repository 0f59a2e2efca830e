package spec

import (
	"slices"
	"strings"
)

// The codes of this package. ONG1 is syntax and types, ONG2 values and references, ONG3 environments and projects, ONG5
// secrets in plain text, ONG6 input and output. ONG4 belongs to the backends and ONG7 to the policies.
const (
	codeSyntax    = "ONG1001"
	codeTab       = "ONG1002"
	codeIndent    = "ONG1003"
	codeUnclosed  = "ONG1004"
	codeDuplicate = "ONG1005"
	codeMerge     = "ONG1006"
	codeAlias     = "ONG1007"
	codeTag       = "ONG1008"
	codeKey       = "ONG1009"
	codeEncoding  = "ONG1010"
	codeDepth     = "ONG1011"
	codeUnknown   = "ONG1020"
	codeMisplaced = "ONG1021"
	codeForeign   = "ONG1022"
	codeRequired  = "ONG1023"
	codeType      = "ONG1024"
	codeQuote     = "ONG1025"
	codeTrap      = "ONG1026"
	codeNull      = "ONG1027"
	codeOneOf     = "ONG1028"
	codeUnique    = "ONG1029"

	codeEnum        = "ONG2001"
	codeRange       = "ONG2002"
	codeLength      = "ONG2003"
	codePattern     = "ONG2004"
	codeQuantity    = "ONG2005"
	codeDuration    = "ONG2006"
	codeCron        = "ONG2007"
	codeAddress     = "ONG2008"
	codeName        = "ONG2009"
	codeIdentifier  = "ONG2010"
	codeHBA         = "ONG2011"
	codeImage       = "ONG2012"
	codeLabel       = "ONG2013"
	codeURL         = "ONG2014"
	codeDestination = "ONG2015"
	codeTime        = "ONG2016"
	codeParameter   = "ONG2017"
	codeResource    = "ONG2018"
	codeQuery       = "ONG2019"

	codeUnknownEnv    = "ONG3001"
	codeSameCluster   = "ONG3002"
	codeSecondProject = "ONG3003"
	codeUnknownKind   = "ONG3004"
	codeNotAManifest  = "ONG3005"

	codeSecretObject    = "ONG5001"
	codeSecretParameter = "ONG5002"
	codeSecretURL       = "ONG5003"
	codeSecretSQL       = "ONG5004"
	codeSecretCloudKey  = "ONG5005"
	codeSecretPEM       = "ONG5006"

	codeEmpty = "ONG6001"
)

// CodeDoc explains one code to a person who met it.
type CodeDoc struct {
	// Code is ONGnnnn.
	Code string
	// Title names the problem.
	Title string
	// Text says in a few sentences what is wrong and what would happen in production otherwise.
	Text string
	// Wrong and Right are examples; they may be empty.
	Wrong, Right string
}

// Codes is the catalogue, sorted by code.
func Codes() []CodeDoc {
	all := slices.Concat(syntaxCodes(), typeCodes(), valueCodes(), nameCodes(), projectCodes(), secretCodes())
	slices.SortFunc(all, func(a, b CodeDoc) int { return strings.Compare(a.Code, b.Code) })
	return all
}

// Explain looks a code up; upper and lower case count as the same.
func Explain(code string) (CodeDoc, bool) {
	for _, c := range Codes() {
		if strings.EqualFold(c.Code, code) {
			return c, true
		}
	}
	return CodeDoc{}, false
}
