/* Values of many types in one function, for comparison with gdb: compiled with and without optimisation. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum mode { OFF, ON, AUTO };
enum flags { READ = 1, WRITE = 2, EXECUTE = 4 };

struct node {
  int id;
  const char *name;
  struct node *next;
  unsigned kind : 3, level : 7;
  signed depth : 5;
  double weight;
  uint16_t codes[4];
  union {
    long whole;
    float part;
  };
  enum flags flags;
};

static struct node nodes[3] = {
    {1, "one", nodes + 1, 5, 100, -3, 1.5, {1, 2, 3, 4}, {0x40490fdb}, READ | WRITE},
    {2, "t\"w\"o\n", NULL, 1, 2, 3, -0.1, {0}, {-1}, EXECUTE},
};
static long counter = -7;
static int grid[3][4] = {{1, 2, 3, 4}, {5}, {9, 9, 9, 9}};
static float ratios[] = {0.5f, 1.0f / 3, -2e10f};
static char letters[8] = "abc";
static long double precise = 3.14159265358979323846L;

__attribute__((noinline)) static long work(struct node *node, int step, enum mode mode, float scale, double base,
                                           unsigned char byte, const char *label) {
  long sum = counter + step; /* #P1 */
  sum += grid[1][0] + (long)(ratios[0] * scale + base) + letters[0] + byte + (long)precise;
  printf("%s %d %ld %d\n", label, node->id, sum, mode);
  return sum + node->level;
}

int main(int argc, char **argv) {
  (void)argv;
  return (int)work(&nodes[0], argc + 2, ON, 0.75f, 1e-9, 250, "la\tbel") & 1;
}
