package plan

import (
	"math/big"
	"strconv"
	"strings"

	"github.com/onggi-db/onggi/render/spec"
)

// Quantity is the form in which Kubernetes gives a quantity back once it has read it: 0.5 comes back as 500m, 1024Mi as 1Gi.
// Operators that rewrite their objects write this form, and a GitOps tool shows anything else as drift for ever. What is no
// quantity, or does not fit into an int64, is returned as it is.
func Quantity(s string) string {
	q, ok := cutQuantity(s)
	if !ok || q.keeps() {
		return s
	}
	if q.binary != 0 && !strings.HasPrefix(s, "-") {
		if n, ok := q.int64(); ok && n > 0 {
			return binaryQuantity(n) // the common case
		}
	}
	value, ok := spec.ParseQuantity(s)
	if !ok {
		return s
	}
	if value.Sign() == 0 {
		return "0"
	}
	whole := value.IsInt()
	switch {
	case whole && !value.Num().IsInt64():
		return s
	case whole && q.binary != 0 && (value.Num().Int64() >= 1024 || value.Num().Int64() <= -1024):
		return binaryQuantity(value.Num().Int64())
	}
	return q.decimal(value)
}

// quantity is one cut into pieces.
type quantity struct {
	whole, part string // digits before the point without leading zeros, and behind it
	binary      int64  // power of two that the suffix stands for, or 0
	ten         int64  // power of ten
	exponent    bool   // written as 1e3
}

func cutQuantity(s string) (q quantity, ok bool) {
	number := s
	if number != "" && (number[0] == '+' || number[0] == '-') {
		number = number[1:]
	}
	end := strings.IndexFunc(number, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
	suffix := ""
	if end >= 0 {
		number, suffix = number[:end], number[end:]
	}
	q.whole, q.part, _ = strings.Cut(number, ".")
	if q.whole+q.part == "" || strings.Contains(q.part, ".") {
		return q, false
	}
	if q.whole = strings.TrimLeft(q.whole, "0"); q.whole == "" {
		q.whole = "0"
	}
	switch suffix {
	case "":
		return q, true
	case "n", "u", "m":
		q.ten = -3 * int64(3-strings.Index("num", suffix))
		return q, true
	case "k", "M", "G", "T", "P", "E":
		q.ten = 3 * int64(1+strings.Index("kMGTPE", suffix))
		return q, true
	case "Ki", "Mi", "Gi", "Ti", "Pi", "Ei":
		q.binary = 10 * int64(1+strings.Index("KMGTPE", suffix[:1]))
		return q, true
	}
	var err error
	q.ten, err = strconv.ParseInt(suffix[1:], 10, 32)
	q.exponent = true
	return q, err == nil && (suffix[0] == 'e' || suffix[0] == 'E') && -99 <= q.ten && q.ten <= 99
}

// int64 is the value without its sign, where that is a whole number of moderate size.
func (q quantity) int64() (n int64, ok bool) {
	if q.part != "" || q.ten < 0 || len(q.whole) > 18 {
		return 0, false
	}
	for _, digit := range []byte(q.whole) {
		n = n*10 + int64(digit-'0')
	}
	for range q.ten {
		if n > 1<<58 {
			return 0, false
		}
		n *= 10
	}
	return n << q.binary, n < 1<<(62-q.binary)
}

// keeps reports a quantity that Kubernetes remembers as it was written. That is its shortcut for what looks canonical, and
// takes in a few that are not, such as 1.500.
func (q quantity) keeps() bool {
	if q.binary != 0 {
		value, err := strconv.ParseInt(q.whole, 10, 64)
		return q.part == "" && err == nil && 15-int64(len(q.whole))-q.binary*3/10-1 >= 0 && value&7 != 0
	}
	digits := q.whole + q.part
	scale := q.ten - int64(len(q.part))
	return len(digits) <= 18 && scale >= -9 && scale%3 == 0 && digits[0] != '0' && !strings.HasSuffix(digits, "000")
}

// binaryQuantity writes a number with the largest suffix that leaves no fraction.
func binaryQuantity(n int64) string {
	suffixes, power := [...]string{"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"}, 0
	for ; n%1024 == 0; power++ {
		n /= 1024
	}
	return strconv.FormatInt(n, 10) + suffixes[power]
}

// decimal writes a value in thousands, rounded up to a billionth: who asks for something gets something.
func (q quantity) decimal(value *big.Rat) string {
	nano := new(big.Int).Mul(value.Num(), big.NewInt(1e9))
	rest := new(big.Int)
	nano.QuoRem(nano, value.Denom(), rest)
	if rest.Sign() != 0 {
		nano.Add(nano, big.NewInt(int64(value.Sign())))
	}
	power := int64(-9)
	for thousand := big.NewInt(1000); ; power += 3 {
		less, rest := new(big.Int).QuoRem(nano, thousand, new(big.Int))
		if rest.Sign() != 0 {
			break
		}
		nano = less
	}
	switch suffixes := [...]string{"n", "u", "m", "", "k", "M", "G", "T", "P", "E"}; {
	case q.exponent && power == 0:
		return nano.String()
	case q.exponent:
		return nano.String() + "e" + strconv.FormatInt(power, 10)
	default:
		return nano.String() + suffixes[power/3+3]
	}
}
