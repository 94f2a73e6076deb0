#define STR(x) #x
#define XSTR(x) STR(x)
#define VAL 1 + 2
STR(VAL) XSTR(VAL) STR() XSTR()
STR(  a   b /* comment */ c  ) STR(a+b) STR(a + b) STR( "s\n" '\0' '"' )
STR("a\"b\\") STR('\'') STR(@)
#define VSTR(...) #__VA_ARGS__
VSTR(a, b ,c) VSTR() VSTR( ( , ) , [ ] )
XSTR(XSTR(a "b")) STR(STR(a))
STR(multi
    line
      text) XSTR(
VAL
)
#define SP(x) # x
SP( ->  y ) SP(-1) SP(x ## y)
#define E
#define A1(x) STR(x E x) XSTR(x E x) XSTR(E x E) XSTR(x E) XSTR((E)) XSTR(x(E)x)
A1(1) A1( 2 )
#define ID(x) x
XSTR(a ID() b) XSTR(ID(a)b) XSTR(ID( a )b) XSTR(a ID(b)) XSTR(-ID(-)-)
#define PLUS +
XSTR(+PLUS+) XSTR(+ PLUS +)
STR(\n) STR(\) STR("\\" \ n) STR(R"(a
b)")
XSTR(__LINE__) STR(__LINE__)
