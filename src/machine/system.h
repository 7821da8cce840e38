/* Small files of /proc and /sys, below a root that is "" for this machine or a folder that stands for / . */
#ifndef MACHINE_SYSTEM_H
#define MACHINE_SYSTEM_H
#include <stdbool.h>
#include <stddef.h>

/* The first line without its end; false where the file is missing or empty. */
bool system_line(const char *root, const char *path, char *out, size_t room);
/* The first number of the first line. */
bool system_number(const char *root, const char *path, double *out);
/* The value of the first "key : value" or "key=value" line, without quotes and blanks around it. */
bool system_field(const char *root, const char *path, const char *key, char *out, size_t room);
/* The first number of such a value. */
bool system_field_number(const char *root, const char *path, const char *key, double *out);
bool system_exists(const char *root, const char *path);
#endif
