# The two commands of the README: `make report` and `make check`. Everything real stands in CMakeLists.txt and tools/.
BUILD := build

all: $(BUILD)/gable
$(BUILD)/gable: setup
	@cmake -G Ninja -S . -B $(BUILD) -DGABLE_TESTS=$(if $(wildcard /usr/include/cmocka.h),ON,OFF) >/dev/null
	@cmake --build $(BUILD)
setup:
	@tools/setup build

report: $(BUILD)/gable
	$(BUILD)/gable report --out report

check:
	@tools/setup build check
	@tools/check

# The same without clang-tidy and the sanitizers: half as long.
check-quick:
	@tools/setup build check
	@tools/check quick

# What takes minutes, npm and PyTorch: real models beside ONNX Runtime.
check-deep:
	@tools/setup build check bench
	@cmake -G Ninja -S . -B $(BUILD) -DGABLE_DEEP=ON >/dev/null
	@cmake --build $(BUILD) --target gable
	ctest --test-dir $(BUILD) -L slow --output-on-failure

install: $(BUILD)/gable
	cmake --install $(BUILD)
clean:
	rm -rf build build-*
.PHONY: all setup report check check-quick check-deep install clean
