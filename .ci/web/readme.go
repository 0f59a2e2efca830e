package main

import (
	"errors"
	"image"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
)

// shotForReadme writes one picture whose left half is light and whose right half is dark.
func (s *scene) shotForReadme() error {
	if s.o.update == "" {
		return nil
	}
	temp, err := os.MkdirTemp("", "onggi-web-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	if err := s.eval("window.scrollTo(0, 0); document.activeElement.blur()", nil); err != nil {
		return err
	}
	// As high as the picture: what is cut off looks broken.
	var height int
	if err := errors.Join(s.look(1160, 930, 1.5, false, "light", "reduce"),
		s.eval("Math.ceil(document.getElementById('canvas').getBoundingClientRect().bottom) + 28", &height)); err != nil {
		return err
	}
	var halves []image.Image
	for _, scheme := range []string{"light", "dark"} {
		file := filepath.Join(temp, scheme+".png")
		if err := errors.Join(s.look(1160, height, 1.5, false, scheme, "reduce"), s.shoot(file, false)); err != nil {
			return err
		}
		half, err := readPNG(file)
		if err != nil {
			return err
		}
		halves = append(halves, half)
	}
	bounds := halves[0].Bounds()
	whole := image.NewRGBA(bounds)
	draw.Draw(whole, bounds, halves[0], image.Point{}, draw.Src)
	right := image.Rect(bounds.Dx()/2, 0, bounds.Dx(), bounds.Dy())
	draw.Draw(whole, right, halves[1], right.Min, draw.Src)
	out, err := os.Create(s.o.update)
	if err != nil {
		return err
	}
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	return errors.Join(encoder.Encode(out, whole), out.Close(), s.look(1280, 900, 1, false, "light", "no-preference"))
}

func readPNG(name string) (image.Image, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return png.Decode(f)
}
