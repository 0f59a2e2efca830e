package backend

// SecretLabels are the labels that the back end's operator looks for on a Secret that it reads; nil for none.
func (n Name) SecretLabels() map[string]string {
	if n == CloudNativePG {
		return map[string]string{"cnpg.io/reload": "true"} // so that it notices a new password or certificate by itself
	}
	return nil
}
