// How predictable is a picture? The full prediction by an exported predictor, and its mean absolute error.
//
//   score predictors-good.onnx picture.ppm          prints one number: lower is more predictable
//
// The picture is a binary PPM (P6), 8 or 16 bits, at least 32 pixels high and wide; it is scored at its own size.
// The contract is that of form "one_pass" in the README of the export, whose words are used here.

#include <onnxruntime_cxx_api.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

constexpr int64_t kTile = 32;
constexpr int64_t kMargin = 48;
constexpr int64_t kContext = kTile + 2 * kMargin;
constexpr int64_t kLargest = 65536;  // pixels of a side

// Three planes, red, green and blue, of values from 0 to 1.
struct Image {
  int64_t height = 0, width = 0;
  std::vector<float> data;
};

// The next number in the header of a PPM; between numbers stand white space and comments from # to the line's end.
int64_t header_number(std::istream& file) {
  while (file >> std::ws && file.peek() == '#') file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  int64_t value = 0;
  if (!(file >> value) || value < 1) throw std::runtime_error("not a binary PPM: its header has no valid size");
  return value;
}

Image read_ppm(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot be opened");
  std::array<char, 2> magic{};
  file.read(magic.data(), magic.size());
  if (!file || magic[0] != 'P' || magic[1] != '6') throw std::runtime_error("not a binary PPM (P6)");
  Image image;
  image.width = header_number(file);
  image.height = header_number(file);
  const int64_t largest_value = header_number(file);
  file.get();  // exactly one white space before the pixels
  if (std::min(image.height, image.width) < kTile) throw std::runtime_error("both sides must be at least 32 pixels");
  if (std::max(image.height, image.width) > kLargest || largest_value > 65535) {
    throw std::runtime_error("its header asks for more than this program reads");
  }
  const int64_t count = image.height * image.width, bytes_each = largest_value > 255 ? 2 : 1;
  const auto begin = file.tellg();
  if (file.seekg(0, std::ios::end).tellg() - begin < 3 * count * bytes_each) throw std::runtime_error("is cut short");
  file.seekg(begin);
  std::vector<unsigned char> raw(static_cast<size_t>(3 * count * bytes_each));
  file.read(reinterpret_cast<char*>(raw.data()), static_cast<std::streamsize>(raw.size()));
  if (!file) throw std::runtime_error("cannot be read");
  image.data.resize(static_cast<size_t>(3 * count));
  for (int64_t pixel = 0; pixel < count; ++pixel) {
    for (int64_t plane = 0; plane < 3; ++plane) {
      const unsigned char* at = raw.data() + (3 * pixel + plane) * bytes_each;
      const int value = bytes_each == 2 ? 256 * at[0] + at[1] : at[0];
      image.data[plane * count + pixel] = static_cast<float>(value) / static_cast<float>(largest_value);
    }
  }
  return image;
}

// The grid of tiles along one axis of `size` pixels.
struct Axis {
  int64_t size = 0, tiles = 0;
  std::vector<int64_t> source;  // for each completed line, the line of the picture that it shows
  std::unique_ptr<bool[]> hidden;  // tiles x 128: which lines of a tile's context are its own, or mirror its own

  explicit Axis(int64_t pixels) : size(pixels), tiles((pixels + kTile - 1) / kTile) {
    const int64_t period = 2 * (size - 1);
    source.resize(tiles * kTile + 2 * kMargin);
    for (int64_t line = 0; line < static_cast<int64_t>(source.size()); ++line) {
      const int64_t folded = (((line - kMargin) % period) + period) % period;
      source[line] = folded < size ? folded : period - folded;
    }
    hidden = std::make_unique<bool[]>(tiles * kContext);
    for (int64_t tile = 0; tile < tiles; ++tile) {
      const int64_t from = tile * kTile, to = std::min(size, from + kTile);
      for (int64_t line = 0; line < kContext; ++line) {
        const int64_t shown = source[from + line];
        hidden[tile * kContext + line] =
            (shown >= from && shown < to) || (line >= kMargin && line < kMargin + kTile);
      }
    }
  }
};

double predictability(Ort::Session& predictor, const Image& image) {
  const Axis rows(image.height), columns(image.width);
  const int64_t height = rows.source.size(), width = columns.source.size(), count = image.height * image.width;
  std::vector<float> completed(static_cast<size_t>(3 * height * width));
  for (int64_t plane = 0; plane < 3; ++plane) {
    for (int64_t y = 0; y < height; ++y) {
      const float* line = image.data.data() + plane * count + rows.source[y] * image.width;
      float* to = completed.data() + (plane * height + y) * width;
      for (int64_t x = 0; x < width; ++x) to[x] = line[columns.source[x]];
    }
  }

  const auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  const std::array<int64_t, 4> shape{1, 3, height, width};
  const std::array<int64_t, 3> row_shape{1, rows.tiles, kContext}, column_shape{1, columns.tiles, kContext};
  std::array<Ort::Value, 3> inputs{
      Ort::Value::CreateTensor<float>(memory, completed.data(), completed.size(), shape.data(), shape.size()),
      Ort::Value::CreateTensor<bool>(memory, rows.hidden.get(), rows.tiles * kContext, row_shape.data(),
                                     row_shape.size()),
      Ort::Value::CreateTensor<bool>(memory, columns.hidden.get(), columns.tiles * kContext, column_shape.data(),
                                     column_shape.size())};
  const std::array<const char*, 3> names{"completed", "hidden_rows", "hidden_columns"};
  const char* out = "out";
  const auto answers =
      predictor.Run(Ort::RunOptions{nullptr}, names.data(), inputs.data(), inputs.size(), &out, 1);
  const float* z = answers[0].GetTensorData<float>();

  double sum = 0;
  for (int64_t plane = 0; plane < 3; ++plane) {
    for (int64_t y = 0; y < image.height; ++y) {
      const float* guess = z + (plane * rows.tiles * kTile + y) * columns.tiles * kTile;
      const float* truth = image.data.data() + plane * count + y * image.width;
      for (int64_t x = 0; x < image.width; ++x) sum += std::abs(static_cast<double>(guess[x]) - truth[x]);
    }
  }
  return sum / static_cast<double>(3 * count);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s PREDICTOR.onnx PICTURE.ppm\n", argv[0]);
    return 2;
  }
  const char* concerned = argv[2];
  try {
    const Image image = read_ppm(argv[2]);
    concerned = argv[1];
    Ort::Env environment(ORT_LOGGING_LEVEL_ERROR, "abstract-beauty");
#ifdef _WIN32
    const std::string narrow = argv[1];
    const std::wstring model(narrow.begin(), narrow.end());
    Ort::Session predictor(environment, model.c_str(), Ort::SessionOptions{});
#else
    Ort::Session predictor(environment, argv[1], Ort::SessionOptions{});
#endif
    std::printf("%.6f\n", predictability(predictor, image));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", concerned, error.what());
    return 2;
  }
  return 0;
}
