# ECharts comes from npm, checked by SHA-512 (npm's dist.integrity in hex), kept in the user's cache, never committed.
# esbuild makes one script of the parts that the figures use, about half of the whole; without it the whole is carried.
if(DEFINED ENV{XDG_CACHE_HOME})
  set(npm_cache $ENV{XDG_CACHE_HOME}/gable)
elseif(DEFINED ENV{HOME})
  set(npm_cache $ENV{HOME}/.cache/gable)
else()
  set(npm_cache ${CMAKE_BINARY_DIR}/cache)
endif()

# gable_npm(NAME VERSION SHA512 PATTERN...): extracts these of a package's files to ${CMAKE_BINARY_DIR}/npm/NAME.
function(gable_npm name version sha512)
  set(archive ${npm_cache}/${name}-${version}.tgz)
  set(sum "")
  if(EXISTS ${archive})
    file(SHA512 ${archive} sum)
  endif()
  if(NOT sum STREQUAL sha512)
    find_program(NPM npm REQUIRED)
    string(RANDOM LENGTH 8 suffix) # several build folders may be configured at once
    set(fetch ${npm_cache}/.fetch-${suffix})
    file(MAKE_DIRECTORY ${fetch})
    message(STATUS "Fetching ${name} ${version} from npm")
    execute_process(COMMAND ${NPM} pack --silent ${name}@${version} WORKING_DIRECTORY ${fetch} RESULT_VARIABLE failed
                    OUTPUT_QUIET)
    if(failed)
      file(REMOVE_RECURSE ${fetch})
      message(FATAL_ERROR "npm pack ${name}@${version} failed (${failed}): is the npm registry reachable? "
                          "A copy put at ${archive} is used instead.")
    endif()
    file(SHA512 ${fetch}/${name}-${version}.tgz sum)
    if(sum STREQUAL sha512)
      file(RENAME ${fetch}/${name}-${version}.tgz ${archive})
    endif()
    file(REMOVE_RECURSE ${fetch})
    if(NOT sum STREQUAL sha512)
      message(FATAL_ERROR "${name}-${version}.tgz has SHA-512 ${sum}, expected ${sha512}")
    endif()
  endif()
  set(folder ${CMAKE_BINARY_DIR}/npm/${name}-${version})
  if(NOT EXISTS ${folder})
    file(ARCHIVE_EXTRACT INPUT ${archive} DESTINATION ${folder}.new PATTERNS ${ARGN})
    file(RENAME ${folder}.new ${folder})
  endif()
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/npm/node_modules)
  file(CREATE_LINK ${folder}/package ${CMAKE_BINARY_DIR}/npm/node_modules/${name} SYMBOLIC)
endfunction()

gable_npm(echarts 6.1.0
          ab4c9a14f8200bd15476c587e1b95abd15859b176b22875b92828d02326e74023a080f6034fc47b55d917193447a9655964e32bc16243a46e4e87215a48c8764
          package/dist/echarts.min.js package/LICENSE package/NOTICE package/package.json package/*.js package/lib/*)
set(npm ${CMAKE_BINARY_DIR}/npm)
set(echarts_js ${npm}/node_modules/echarts/dist/echarts.min.js)
find_program(ESBUILD esbuild)
if(ESBUILD)
  gable_npm(zrender 6.1.0
            a0418c0c1ea938fd92e8ec114783dd56feb5d33ae39c0dc187e267486d767d826504a8ed340a046f97d252808e3883651fde88d9f537f3f03652944ab3aef161
            package/package.json package/lib/*)
  gable_npm(tslib 2.3.0
            37cda8a32c55366ea1d6b88b0a8c92f5eddfb89dc0306db3219b3619dd404dc4858d2036dd0d1fce38d97a1d236c9bd65436747094fcc9a34d69a5c7cee78d8e
            package/package.json package/*.js package/modules/*)
  # ES5: Duktape draws the files with the same script. It takes no "in" in the head of a for, which --minify-syntax makes.
  execute_process(COMMAND ${CMAKE_COMMAND} -E env NODE_PATH=${npm}/node_modules ${ESBUILD} --bundle --minify-whitespace --minify-identifiers --target=es5
                          --format=iife --global-name=echarts --define:process.env.NODE_ENV="production"
                          --log-level=warning --outfile=${npm}/echarts.parts.js
                          ${CMAKE_SOURCE_DIR}/src/report/web/parts.mjs
                  RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "esbuild could not join the parts of ECharts")
  endif()
  set(echarts_js ${npm}/echarts.parts.js)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/report/web/parts.mjs)
else()
  message(STATUS "esbuild is not there: reports carry the whole of ECharts")
endif()

# What the program carries with it: report/assets.h declares each.
gable_embed(libgable asset_echarts_js ${echarts_js})
gable_embed(libgable asset_echarts_notice ${npm}/node_modules/echarts/NOTICE)
foreach(file placer.js figure.js ssr.js page.js page.css page.html method.html theme.json)
  string(REPLACE "." "_" symbol asset_${file})
  gable_embed(libgable ${symbol} ${CMAKE_SOURCE_DIR}/src/report/web/${file})
endforeach()
