/** A value of type T that must not be mixed up with other values of T. The casts in the `as…` doors of this package are the only ones. */
export type Brand<T, Name extends string> = T & { readonly __brand: Name };
