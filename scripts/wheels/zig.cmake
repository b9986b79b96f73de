# Toolchain file: `zig cc`, a C cross compiler that PyPI ships as ziglang. scripts/wheels/build.py sets
# the variables. They are environment variables because CMake reads this file once more for each trial
# compilation, which does not see the variables of the project.
set(CMAKE_SYSTEM_NAME $ENV{IQLUT_CMAKE_SYSTEM})
set(CMAKE_SYSTEM_PROCESSOR $ENV{IQLUT_CMAKE_PROCESSOR})
set(CMAKE_C_COMPILER $ENV{IQLUT_ZIG} cc -target $ENV{IQLUT_ZIG_TARGET})
foreach(kind SHARED MODULE)
  set(CMAKE_${kind}_LINKER_FLAGS_INIT -s) # no symbols for debuggers
endforeach()
