import { chromium } from '@playwright/test';
import fs from 'node:fs';
const ids=JSON.parse(fs.readFileSync('/tmp/shots/ids.json','utf8').trim().split('\n').at(-1));
const base='http://127.0.0.1:18080';
const b=await chromium.launch({executablePath:'/usr/bin/chromium',args:['--headless','--no-sandbox','--disable-gpu','--disable-background-networking','--disable-component-update','--disable-sync','--no-first-run']});
const only=process.argv[2];
async function ctx(size,theme,who='doyun',lang='ko-KR'){
  const phone=size==='phone';
  const c=await b.newContext({viewport:phone?{width:360,height:740}:{width:1440,height:900},deviceScaleFactor:phone?2:1,colorScheme:theme,locale:lang,hasTouch:phone,isMobile:phone});
  if(who) {const r=await c.request.post(base+'/api/v1/session',{data:{loginId:who,password:'password1'},headers:{Origin:base}}); if(!r.ok()) console.log(await r.text());}
  const p=await c.newPage();
  p.on('console',m=>{if(['error','warning'].includes(m.type()))console.log(size,theme,m.text())});
  p.on('pageerror',e=>console.log('PAGEERROR',e.message,e.stack));
  return p;
}
const shot=async(p,n)=>{await p.waitForTimeout(700);await p.screenshot({path:`/tmp/shots/${n}.png`});console.log(n)};
const friend=await ctx('desk','light','jisu');await friend.goto(base+'/');
const friend2=await ctx('desk','light','minho');await friend2.goto(base+'/');
await friend.waitForTimeout(1200);
for(const size of ['desk','phone']) for(const theme of ['light','dark']){
  const t=`${size}-${theme}`;
  if(only&&!t.startsWith(only))continue;
  const p=await ctx(size,theme);
  await p.goto(base+'/');await shot(p,`lobby-${t}`);
  await p.goto(base+`/rooms/${ids.algo}`);await p.waitForTimeout(500);
  await friend2.goto(base+`/rooms/${ids.algo}`);await friend2.waitForTimeout(500);await friend2.getByRole('textbox').fill('음');
  await p.getByRole('textbox').first().fill('네 7시 좋습니다');
  await shot(p,`room-${t}`);
  await p.getByRole('textbox').first().fill('');
  if(size==='phone'){await p.goto(base+'/chats');await shot(p,`list-${t}`);await p.goto(base+`/rooms/${ids.algo}/members`);await shot(p,`members-${t}`);}
  else {await p.getByRole('button',{name:'내 메뉴'}).click();await shot(p,`menu-${t}`);await p.keyboard.press('Escape');
    await p.goto(base+'/');await p.getByRole('button',{name:'방 만들기'}).last().click();await shot(p,`create-${t}`);}
  await p.goto(base+'/me');await shot(p,`me-${t}`);
  await p.goto(base+'/nope');await shot(p,`lost-${t}`);
  const v=await ctx(size,theme,null);
  await v.goto(base+'/');await shot(v,`visitor-${t}`);
  await v.goto(base+'/login');await shot(v,`login-${t}`);
  await v.goto(base+'/signup');await v.getByRole('button',{name:'가입하기'}).click();await shot(v,`signup-${t}`);
  await p.context().close();await v.context().close();
}
await b.close();
