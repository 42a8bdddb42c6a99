// Arithmetic on polynomials over GF(2) modulo the one of a CRC, all in reflected order: the highest
// bit of a word is the coefficient of x^0. Internal to the checksums.
#pragma once

#include <cstdint>
#include <limits>

namespace holdfast::codec {

template <class Word, Word Modulus>
struct Polynomial {
  static constexpr Word one = Word{1} << (std::numeric_limits<Word>::digits - 1);

  static constexpr Word times_x(Word a) {
    return static_cast<Word>((a >> 1) ^ ((a & 1) != 0 ? Modulus : Word{0}));
  }

  static constexpr Word multiply(Word a, Word b) {
    Word product = 0;
    for (Word bit = one; bit != 0; bit >>= 1) {
      if ((a & bit) != 0) product ^= b;
      b = times_x(b);
    }
    return product;
  }

  // x to the power of `exponent`.
  static constexpr Word power_of_x(std::uint64_t exponent) {
    Word result = one;
    Word square = times_x(one);
    for (; exponent != 0; exponent >>= 1) {
      if ((exponent & 1) != 0) result = multiply(result, square);
      square = multiply(square, square);
    }
    return result;
  }

  // The CRC of a run of bytes followed by another; `sizes` in bytes. The complements at either end
  // of a CRC cancel out.
  static constexpr Word combine(Word first, Word second, std::uint64_t second_size) {
    // x^(8 n) = (x^n)^8: three squarings more, so that no size overflows.
    Word shift = power_of_x(second_size);
    for (int i = 0; i < 3; ++i) shift = multiply(shift, shift);
    return static_cast<Word>(multiply(shift, first) ^ second);
  }
};

}  // namespace holdfast::codec
